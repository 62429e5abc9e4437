-- One row per event of a promise, whoever made it: a source's records, a reply standard, or a
-- person who said 'I will come back to you'.

with

source_promise_events as (

    select * from {{ ref('int_source_promise_events') }}

),

reply_promise_events as (

    select * from {{ ref('int_reply_promise_events') }}

),

callback_promise_events as (

    select * from {{ ref('int_callback_promise_events') }}

),

together as (

    select * from source_promise_events
    union all
    select * from reply_promise_events
    union all
    select * from callback_promise_events

),

final as (

    select
        {{ surrogate_key(['promise_key', 'event', 'occurred_at', 'due_at', 'event_id', 'position']) }}
            as promise_event_id,
        promise_key,
        promise_kind,
        event,
        occurred_at,
        recorded_at,
        due_at,
        is_date,
        time_zone,
        calendar_id,
        grace_micros,
        customer_id,
        issue_id,
        -- What notices and contacts are matched by; a promise about nothing stands alone.
        coalesce({{ topic('customer_id', 'issue_id') }}, promise_key) as topic,
        needs_notice,
        owner,
        confidence,
        origin,
        source,
        record_type,
        record_key,
        position,
        event_id,
        touchpoint,
        phase,
        location_id,
        employee_id

    from together

)

select * from final
