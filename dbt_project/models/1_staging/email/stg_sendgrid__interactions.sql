-- One row per message that SendGrid delivered or failed to deliver to somebody, and per click,
-- complaint or unsubscription, in the canonical shape. A mail that is in `mail` is not told twice.

with

delivery_events as (

    select * from {{ ref('stg_sendgrid__events') }}

),

messages as (

    select * from {{ ref('stg_mail__messages') }}

),

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}

),

failures as (

    select distinct delivery_key
    from delivery_events
    where is_failure

),

-- Delivered and bounced afterwards: one message, not delivered. SendGrid keeps no order.
outcomes as (

    select *
    from delivery_events
    where is_outcome
    qualify row_number() over (
        partition by delivery_key
        order by occurred_at, record_key
    ) = 1

),

happened as (

    select
        outcomes.*,
        'notified' as kind,
        'outbound' as direction,
        failures.delivery_key is null as is_delivered,
        case when failures.delivery_key is null then 'delivered' else 'bounced' end as outcome

    from outcomes
    left join failures on outcomes.delivery_key = failures.delivery_key
    left join messages on outcomes.message_key = messages.message_key
    where messages.message_key is null

    union all

    -- Opening is not told reliably, so it is not told here.
    select
        *,
        case event
            when 'click' then 'clicked'
            when 'spamreport' then 'complained'
            else 'unsubscribed'
        end as kind,
        'inbound' as direction,
        true as is_delivered,
        cast(null as varchar) as outcome

    from delivery_events
    where event in ('click', 'spamreport', 'unsubscribe', 'group_unsubscribe')

),

final as (

    select
        -- keys
        {{ surrogate_key(['happened.source', 'happened.record_type', 'happened.record_key', '0']) }}
            as interaction_id,
        happened.event_id,
        happened.source,
        happened.record_type,
        happened.record_key,
        0 as position,
        happened.occurred_at,
        happened.recorded_at,

        -- what happened
        'email' as channel,
        case when happened.is_marketing then 'email.marketing' else 'email.notice' end as touchpoint,
        happened.kind,
        happened.direction,
        cast(null as varchar) as conversation_key,
        case
            when happened.order_key is not null then 'order'
            when happened.ticket_key is not null then coalesce(tickets.subject_type, 'ticket')
            when happened.appointment_key is not null then 'appointment'
        end as subject_type,
        case
            when happened.order_key is not null then happened.order_key
            when happened.ticket_key is not null then coalesce(tickets.subject_key, happened.ticket_key)
            else happened.appointment_key
        end as subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        false as is_context_carried,

        -- whom it reached
        happened.is_automated,
        happened.is_marketing,
        happened.is_delivered,
        false as is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        cast(null as varchar) as location_id,
        cast(null as varchar) as employee_id,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as talk_seconds,
        happened.outcome,
        happened.reason

    from happened
    left join tickets on happened.ticket_key = tickets.ticket_id

)

select * from final
