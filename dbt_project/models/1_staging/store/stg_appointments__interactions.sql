-- One row per thing that happened to an appointment: booked, confirmed, moved, called off, kept,
-- missed.

with

versions as (

    select * from {{ ref('stg_appointments__versions') }}

),

happened as (

    select
        *,
        0 as position,
        created_at as happened_at,
        'booked' as kind

    from versions
    where version_number = 1

    union all

    -- The minute of a change is its place in the record: it does not shift when an earlier
    -- change comes in late.
    select
        *,
        cast({{ div(epoch_second('occurred_at'), '60') }} as integer) as position,
        occurred_at as happened_at,
        case
            when status in ('cancelled_by_customer', 'cancelled_by_company') then 'cancelled'
            else status
        end as kind

    from versions
    where status != 'booked'
    qualify row_number() over (
        partition by record_key, {{ div(epoch_second('occurred_at'), '60') }}
        order by version_rank desc, recorded_at desc, event_id desc
    ) = 1

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
        happened_at as occurred_at,
        recorded_at,

        -- what happened; a book does not say through which channel it was changed
        case when kind = 'served' and location_id is not null then 'store' end as channel,
        case
            when kind not in ('served', 'no_show') then 'appointment'
            when location_id is null then 'visit'
            else 'store.appointment'
        end as touchpoint,
        kind,
        case
            when kind = 'no_show' then 'internal'
            when kind in ('confirmed') or status = 'cancelled_by_company' then 'outbound'
            when kind = 'booked' and requested_by = 'company' then 'outbound'
            when kind = 'rescheduled' and moved_by = 'company' then 'outbound'
            else 'inbound'
        end as direction,
        cast(null as varchar) as conversation_key,
        'appointment' as subject_type,
        record_key as subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        false as is_context_carried,

        -- whom it reached: a status in the book is no message
        false as is_automated,
        false as is_marketing,
        kind in ('booked', 'rescheduled', 'served') as is_delivered,
        kind = 'served' as is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        location_id,
        cast(null as varchar) as employee_id,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as talk_seconds,
        case when kind != 'booked' then status end as outcome,
        cast(null as varchar) as reason

    from happened

)

select * from final
