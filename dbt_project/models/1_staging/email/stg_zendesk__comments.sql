-- One row per comment of a ticket audit: who wrote it, to whom, and whether it opened the ticket.

{{ config(materialized='table') }}

with

audit_events as (

    select * from {{ ref('stg_zendesk__audit_events') }}

),

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}

),

user_roles as (

    select * from {{ ref('stg_zendesk__user_roles') }}

),

-- Where the ticket itself is not in the export, who opened it is its requester.
openers as (

    select
        ticket_id,
        min(author_id) as author_id

    from audit_events
    where is_comment and is_opening
    group by ticket_id

),

final as (

    select
        audit_events.event_id,
        audit_events.source,
        audit_events.record_type,
        audit_events.record_key,
        audit_events.position,
        audit_events.occurred_at,
        audit_events.recorded_at,
        audit_events.ticket_id,
        audit_events.author_id,
        audit_events.is_public,
        audit_events.is_opening,
        audit_events.call_seconds,
        audit_events.message_key,
        audit_events.via_channel,
        audit_events.author_id = coalesce(tickets.requester_id, openers.author_id)
        or coalesce(user_roles.role = 'end-user', false) as is_by_customer,
        coalesce(audit_events.author_id = '-1' or audit_events.via_channel in ('rule', 'system'), false)
            as is_automated

    from audit_events
    left join tickets on audit_events.ticket_id = tickets.ticket_id
    left join openers on audit_events.ticket_id = openers.ticket_id
    left join user_roles
        on
            audit_events.author_id = user_roles.user_id
            and audit_events.occurred_at >= user_roles.valid_from
            and audit_events.occurred_at < user_roles.valid_to
    where
        audit_events.is_comment
        -- What a merge writes into both tickets is said to nobody.
        and coalesce(audit_events.via_rel, '') != 'merge'

)

select * from final
