-- One row per ticket that goes on in another: merged into it, or a follow-up of it.

{{ config(materialized='table') }}

with

versions as (

    select * from {{ ref('stg_zendesk__ticket_versions') }}

),

audit_events as (

    select * from {{ ref('stg_zendesk__audit_events') }}

),

links as (

    select
        unnest(merged_ticket_ids) as ticket_id,
        ticket_id as continues_ticket_id,
        'merged' as link

    from audit_events
    where merged_ticket_ids is not null

    union all

    select
        ticket_id,
        merged_into_ticket_id as continues_ticket_id,
        'merged' as link

    from audit_events
    where merged_into_ticket_id is not null

    union all

    select
        ticket_id,
        via_ticket_id as continues_ticket_id,
        'follow_up' as link

    from versions
    where via_rel = 'follow_up'

    union all

    select
        unnest(followup_ids) as ticket_id,
        ticket_id as continues_ticket_id,
        'follow_up' as link

    from versions

),

final as (

    select
        ticket_id,
        continues_ticket_id,
        link

    from links
    where ticket_id is not null and continues_ticket_id is not null and ticket_id != continues_ticket_id
    -- A follow-up may later be merged: then it goes on there.
    qualify row_number() over (
        partition by ticket_id
        order by link = 'follow_up', continues_ticket_id
    ) = 1

)

select * from final
