-- One row per moment of a visit with a queue ticket: the ticket taken, and served or gone.

with

tickets as (

    select * from {{ ref('stg_queue_tickets__tickets') }}

),

happened as (

    select
        *,
        0 as position,
        taken_at as occurred_at,
        'store.queue' as touchpoint,
        'ticket_taken' as kind,
        false as is_served

    from tickets

    union all

    select
        *,
        1 as position,
        served_at as occurred_at,
        'store.counter' as touchpoint,
        'served' as kind,
        true as is_served

    from tickets
    where served_at is not null

    union all

    select
        *,
        2 as position,
        coalesce(ended_at, called_at, taken_at) as occurred_at,
        'store.queue' as touchpoint,
        'left' as kind,
        false as is_served

    from tickets
    where served_at is null and outcome in ('left', 'no_show')

),

final as (

    select
        -- keys
        {{ interaction_id() }} as interaction_id,
        event_id,
        source,
        record_type,
        record_key,
        position,
        occurred_at,
        recorded_at,

        -- what happened
        'store' as channel,
        touchpoint,
        kind,
        'inbound' as direction,
        'queue_tickets/' || record_key as conversation_key,
        'visit' as subject_type,
        record_key as subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        false as is_context_carried,

        -- whom it reached
        false as is_automated,
        false as is_marketing,
        true as is_delivered,
        is_served as is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        location_id,
        cast(null as varchar) as employee_id,
        case when is_served then wait_seconds end as wait_seconds,
        cast(null as bigint) as hold_seconds,
        case when is_served then talk_seconds end as talk_seconds,
        case when kind != 'ticket_taken' then outcome end as outcome,
        service as reason

    from happened

)

select * from final
