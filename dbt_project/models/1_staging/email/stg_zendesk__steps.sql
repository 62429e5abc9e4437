-- One row per thing that happened on a ticket: opened, written, notified, solved, reopened, handed
-- on, tagged, surveyed. What `stg_zendesk__interactions` says in the canonical shape.

{{ config(materialized='table') }}

with

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}

),

comments as (

    select * from {{ ref('stg_zendesk__comments') }}

),

audit_events as (

    select * from {{ ref('stg_zendesk__audit_events') }}

),

ratings as (

    select * from {{ log_events('zendesk', ['satisfaction_rating']) }}

),

signal_tags as (

    select list(tag) as tags from {{ ref('ticket_tags') }}

),

openings as (

    select
        source,
        record_type,
        record_key,
        0 as position,
        event_id,
        opened_at as occurred_at,
        recorded_at,
        ticket_id,
        case when not is_public then 'noted' else 'contacted' end as kind,
        case
            when not is_public then 'internal'
            when is_opened_by_customer then 'inbound'
            else 'outbound'
        end as direction,
        channel,
        is_automated,
        submitter_id as author_id,
        is_follow_up as is_context_carried

    from tickets

),

-- What an audit gives the customer beside its comment: the matter settled, or a date.
answers as (

    select
        event_id,
        bool_or(field_name = 'status' and value = 'solved') as is_solving,
        bool_or(field_name = 'due_at' and value is not null) as is_dating

    from audit_events
    group by event_id

),

-- The ticket itself stands for the comment that opened it.
written as (

    select
        comments.source,
        comments.record_type,
        comments.record_key,
        comments.position,
        comments.event_id,
        comments.occurred_at,
        comments.recorded_at,
        comments.ticket_id,
        case
            when not comments.is_public then 'noted'
            when comments.is_by_customer then 'contacted'
            else 'replied'
        end as kind,
        case
            when not comments.is_public then 'internal'
            when comments.is_by_customer then 'inbound'
            else 'outbound'
        end as direction,
        case
            when
                comments.is_by_customer
                or comments.via_channel in ('voice', 'phone', 'chat', 'native_messaging')
                then {{ zendesk_channel('comments.via_channel') }}
            -- A ticket from the web form is answered by mail.
            when tickets.channel = 'web' then 'email'
            else coalesce(tickets.channel, 'email')
        end as channel,
        comments.is_automated,
        comments.author_id,
        true as is_context_carried,
        comments.call_seconds as talk_seconds,
        case
            when not comments.is_public or comments.is_by_customer then null
            when answers.is_solving then 'resolved'
            when answers.is_dating then 'date_given'
        end as outcome

    from comments
    left join tickets on comments.ticket_id = tickets.ticket_id
    left join answers on comments.event_id = answers.event_id
    where not (comments.is_opening and tickets.ticket_id is not null)

),

-- The mail that carries an agent's comment is the comment, and no second contact.
notified as (

    select
        audit_events.source,
        audit_events.record_type,
        audit_events.record_key,
        audit_events.position,
        audit_events.event_id,
        audit_events.occurred_at,
        audit_events.recorded_at,
        audit_events.ticket_id,
        'notified' as kind,
        'outbound' as direction,
        'email' as channel,
        true as is_automated,
        true as is_context_carried

    from audit_events
    inner join tickets on audit_events.ticket_id = tickets.ticket_id
    left join comments
        on
            audit_events.event_id = comments.event_id
            and comments.is_public
            and not comments.is_by_customer
    where
        audit_events.event_type in ('Notification', 'NotificationWithCcs')
        and list_contains(audit_events.recipients, tickets.requester_id)
        and comments.event_id is null

),

changed as (

    select
        audit_events.source,
        audit_events.record_type,
        audit_events.record_key,
        audit_events.position,
        audit_events.event_id,
        audit_events.occurred_at,
        audit_events.recorded_at,
        audit_events.ticket_id,
        case
            when audit_events.field_name = 'status' and audit_events.value = 'solved' then 'solved'
            when
                audit_events.field_name = 'status'
                and audit_events.previous_value = 'solved'
                and audit_events.value != 'closed'
                then 'reopened'
            when audit_events.field_name in ('group_id', 'assignee_id') and audit_events.value is null
                then 'unassigned'
            when
                audit_events.field_name in ('group_id', 'assignee_id')
                and audit_events.previous_value is null
                then 'assigned'
            when audit_events.field_name = 'group_id' then 'transferred'
            when audit_events.field_name = 'assignee_id' then 'reassigned'
            when list_has_any(audit_events.added_tags, signal_tags.tags) then 'tagged'
        end as kind,
        case
            when
                audit_events.field_name = 'status'
                and audit_events.value != 'solved'
                and comments.event_id is not null
                then 'inbound'
            else 'internal'
        end as direction,
        cast(null as varchar) as channel,
        audit_events.author_id,
        true as is_context_carried

    from audit_events
    cross join signal_tags
    left join comments
        on
            audit_events.event_id = comments.event_id
            and comments.is_public
            and comments.is_by_customer
    where
        audit_events.event_type = 'Change'
        or (audit_events.event_type = 'Create' and audit_events.field_name = 'tags')
    -- An audit has one comment at most, but nothing promises it.
    qualify row_number() over (
        partition by audit_events.event_id, audit_events.position
        order by comments.position
    ) = 1

),

surveyed as (

    select
        source,
        record_type,
        record_key,
        0 as position,
        event_id,
        occurred_at,
        recorded_at,
        payload ->> '$.ticket_id' as ticket_id,
        'surveyed' as kind,
        'inbound' as direction,
        'email' as channel,
        true as is_context_carried,
        regexp_extract(payload ->> '$.score', '^(good|bad)') as outcome

    from ratings
    where regexp_matches(payload ->> '$.score', '^(good|bad)')
    -- The first answer counts; what comes later adds a comment or a change of mind.
    qualify row_number() over (
        partition by record_key
        order by version_rank, recorded_at, event_id
    ) = 1

),

together as (

    select * from openings
    union all by name
    select * from written
    union all by name
    select * from notified
    union all by name
    select * from changed
    where kind is not null
    union all by name
    select * from surveyed

),

final as (

    select
        {{ interaction_id() }} as interaction_id,
        together.*

    from (select * from together) as together

)

select * from final
