-- One row per Zendesk event of a ticket whose requester is of the company: an address of its own, or
-- a user with the tag `internal`.

with

user_versions as (

    select * from {{ log_events('zendesk', ['user']) }}

),

users as (

    select
        record_key as user_id,
        payload ->> '$.email' as email,
        lower(coalesce(payload ->> '$.tags', '')) as tags

    from user_versions
    {{ latest_version() }}

),

internal_users as (

    select user_id
    from users
    where
        {{ is_own_address('lower(email)') }}
        or contains(tags, '"internal"')

),

ticket_versions as (

    select * from {{ ref('stg_zendesk__ticket_versions') }}

),

final as (

    select distinct ticket_versions.event_id
    from ticket_versions
    inner join internal_users on ticket_versions.requester_id = internal_users.user_id

)

select * from final
