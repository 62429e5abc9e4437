-- One row per ticket, as it stood at the run's as_of, with what it is about. A ticket that is only
-- known from a later export is as it first stood there, and its status is unknown.

{{ config(materialized='table') }}

with

versions as (

    select * from {{ ref('stg_zendesk__ticket_versions') }}

),

links as (

    select * from {{ ref('stg_zendesk__ticket_links') }}

),

user_roles as (

    select * from {{ ref('stg_zendesk__user_roles') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

versions_dated as (

    select
        versions.*,
        versions.updated_at > run.as_of as is_later

    from versions
    cross join run

),

standing as (

    select * from versions_dated
    qualify row_number() over (
        partition by ticket_id
        order by
            is_later asc,
            case when is_later then version_rank else -version_rank end asc,
            recorded_at desc,
            event_id desc
    ) = 1

),

-- Three steps are enough for a follow-up of a merged follow-up.
rooted as (

    select
        standing.ticket_id,
        coalesce(
            twice_on.continues_ticket_id,
            once_on.continues_ticket_id,
            next_on.continues_ticket_id,
            standing.ticket_id
        ) as root_ticket_id,
        next_on.link

    from standing
    left join links as next_on on standing.ticket_id = next_on.ticket_id
    left join links as once_on on next_on.continues_ticket_id = once_on.ticket_id
    left join links as twice_on on once_on.continues_ticket_id = twice_on.ticket_id

),

authored as (

    select
        standing.*,
        rooted.root_ticket_id,
        coalesce(rooted.link = 'merged', false) as is_merged,
        coalesce(rooted.link = 'follow_up' or standing.via_rel = 'follow_up', false) as is_follow_up,
        standing.submitter_id is null
        or standing.submitter_id = standing.requester_id
        or coalesce(user_roles.role = 'end-user', false)
        or (
            standing.via_channel in ('voice', 'phone')
            and coalesce(standing.via_rel, 'inbound') != 'outbound'
        )
            as is_opened_by_customer

    from standing
    left join rooted on standing.ticket_id = rooted.ticket_id
    left join user_roles
        on
            standing.submitter_id = user_roles.user_id
            and standing.opened_at >= user_roles.valid_from
            and standing.opened_at < user_roles.valid_to

),

final as (

    select
        -- keys
        authored.ticket_id,
        authored.event_id,
        authored.source,
        authored.record_type,
        authored.record_key,
        authored.opened_at,
        authored.recorded_at,
        'zendesk/' || authored.ticket_id as conversation_key,

        -- what it is about
        case
            when coalesce(roots.order_key, authored.order_key) is not null then 'order'
            else 'ticket'
        end as subject_type,
        coalesce(roots.order_key, authored.order_key, authored.root_ticket_id) as subject_key,
        authored.reason,

        -- who
        authored.requester_id,
        authored.submitter_id,
        authored.owner,
        authored.is_opened_by_customer,

        -- how
        {{ zendesk_channel('authored.via_channel') }} as channel,
        coalesce(authored.via_channel in ('rule', 'system') or authored.submitter_id = '-1', false)
            as is_automated,
        authored.is_public,
        authored.is_merged,
        authored.is_follow_up,
        -- Deleted tickets are spam, tests, or erased: never contacts.
        coalesce(authored.status = 'deleted' and not authored.is_later, false) as is_deleted

    from authored
    left join standing as roots on authored.root_ticket_id = roots.ticket_id

)

select * from final
