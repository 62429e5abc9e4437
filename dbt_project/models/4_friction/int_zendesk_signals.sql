-- One row per signal that a Zendesk ticket's steps give. See the table in its description.

with

steps as (

    select * from {{ ref('stg_zendesk__interactions') }}

),

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}

),

audit_events as (

    select * from {{ ref('stg_zendesk__audit_events') }}

),

reasons as (

    select * from {{ ref('contact_reasons') }}

),

ticket_tags as (

    select * from {{ ref('ticket_tags') }}

),

messages as (

    {{ messages_answered('steps') }}

),

reopenings as (

    select distinct event_id
    from steps
    where kind = 'reopened' and direction = 'inbound'

),

asked as (

    select
        messages.interaction_id,
        messages.is_inbound,
        messages.waited_seconds,
        messages.is_unprompted or reopenings.event_id is not null as is_problem,
        coalesce(reasons.is_value, false) as is_for_value

    from messages
    left join reopenings on messages.event_id = reopenings.event_id
    left join tickets on messages.conversation_key = tickets.conversation_key
    left join reasons on tickets.reason = reasons.reason

),

-- Whom the customer had already had an answer from.
first_answers as (

    select
        conversation_key,
        min(occurred_at) as answered_at

    from messages
    where is_reply
    group by conversation_key

),

tags_added as (

    select
        {{ interaction_id() }} as interaction_id,
        unnest(added_tags) as tag

    from audit_events

),

tag_signals as (

    select distinct
        tags_added.interaction_id,
        ticket_tags.signal

    from tags_added
    inner join ticket_tags on tags_added.tag = ticket_tags.tag

),

signals as (

    select
        interaction_id,
        0 as signal_position,
        'contact.problem' as signal,
        cast(null as bigint) as measure

    from asked
    where is_inbound and is_problem and not is_for_value

    union all

    -- A follow-up of a closed ticket says that it was not settled.
    select
        steps.interaction_id,
        1 as signal_position,
        'contact.unresolved' as signal,
        cast(null as bigint) as measure

    from steps
    inner join tickets on steps.event_id = tickets.event_id
    where steps.record_type = 'ticket' and steps.direction = 'inbound' and tickets.is_follow_up

    union all

    select
        interaction_id,
        0 as signal_position,
        'contact.unresolved' as signal,
        cast(null as bigint) as measure

    from steps
    where kind = 'reopened' and direction = 'inbound'

    union all

    select
        interaction_id,
        0 as signal_position,
        'reply.latency' as signal,
        waited_seconds as measure

    from asked
    where waited_seconds is not null

    union all

    -- A handover before the first answer is sorting, which nobody outside sees. After it the
    -- customer meets somebody new, who has the ticket's history: warm.
    select
        steps.interaction_id,
        0 as signal_position,
        'call.transfer_warm' as signal,
        cast(null as bigint) as measure

    from steps
    inner join first_answers
        on
            steps.conversation_key = first_answers.conversation_key
            and steps.occurred_at > first_answers.answered_at
    where steps.kind = 'transferred'

    union all

    select
        interaction_id,
        row_number() over (partition by interaction_id order by signal) - 1 as signal_position,
        signal,
        cast(null as bigint) as measure

    from tag_signals

),

final as (

    select
        signals.interaction_id,
        cast(signals.signal_position as integer) as signal_position,
        signals.signal,
        signals.measure

    from signals
    inner join steps on signals.interaction_id = steps.interaction_id

)

select * from final
