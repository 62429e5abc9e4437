-- One row per thing that the appointment book says about a promised slot: made, moved, kept, called
-- off.

with

versions as (

    select * from {{ ref('stg_appointments__versions') }}

),

moved as (

    select
        *,
        version_number > 1 and start_at != previous_start_at as is_moved,
        coalesce(
            version_number > 1 and start_at != previous_start_at and requested_by = 'customer', false
        ) as is_moved_by_customer

    from versions

),

-- Served within the slot is served in time: the book often says so when the customer leaves.
-- A slot that the customer asked to change is a new promise, and not a broken or late one.
slots as (

    select
        *,
        greatest(coalesce({{ epoch_micros('end_at') }} - {{ epoch_micros('start_at') }}, 0), 0)
            as slot_micros,
        'appointments/appointment/' || record_key
        || coalesce(
            '@' || cast(
                max(case when is_moved_by_customer then {{ epoch_second('occurred_at') }} end) over history
                as varchar
            ),
            ''
        ) as promise_key,
        'appointments/appointment/' || record_key
        || coalesce(
            '@' || cast(
                max(case when is_moved_by_customer then {{ epoch_second('occurred_at') }} end) over earlier
                as varchar
            ),
            ''
        ) as previous_promise_key

    from moved

    window
        history as (
            partition by record_key
            order by version_number rows unbounded preceding
        ),
        earlier as (
            partition by record_key
            order by version_number rows between unbounded preceding and 1 preceding
        )

),

happened as (

    select
        *,
        0 as position,
        created_at as happened_at,
        'made' as event,
        start_at as due_at,
        slot_micros as grace_micros

    from slots
    where version_number = 1

    union all

    select
        *,
        1 as position,
        occurred_at as happened_at,
        case when is_moved_by_customer then 'made' else 'revised' end as event,
        start_at as due_at,
        slot_micros as grace_micros

    from slots
    where is_moved

    union all

    -- A slot stands in the book because both sides agreed to it: who moved it told the customer.
    select
        *,
        2 as position,
        occurred_at as happened_at,
        'notified' as event,
        cast(null as timestamp) as due_at,
        0 as grace_micros

    from slots
    where is_moved and not is_moved_by_customer

    union all

    select
        * replace (previous_promise_key as promise_key),
        3 as position,
        occurred_at as happened_at,
        'cancelled_by_customer' as event,
        cast(null as timestamp) as due_at,
        0 as grace_micros

    from slots
    where is_moved_by_customer

    union all

    select
        *,
        4 as position,
        occurred_at as happened_at,
        'kept' as event,
        cast(null as timestamp) as due_at,
        0 as grace_micros

    from slots
    where status = 'served'

    union all

    select
        *,
        5 as position,
        -- That the customer stayed away is noted afterwards, and excuses the company from the start.
        case
            when status = 'no_show' and not is_company_no_show then least(occurred_at, start_at)
            else occurred_at
        end as happened_at,
        case
            when status in ('cancelled_by_customer', 'cancelled_by_company') then status
            when status = 'rescheduled' then 'cancelled_by_' || moved_by
            when is_company_no_show then 'cancelled_by_company'
            else 'cancelled_by_customer'
        end as event,
        cast(null as timestamp) as due_at,
        0 as grace_micros

    from slots
    where
        status in ('cancelled_by_customer', 'cancelled_by_company', 'no_show')
        -- Moved to an appointment of its own.
        or (status = 'rescheduled' and not is_moved)

),

final as (

    select
        source,
        record_type,
        record_key,
        event_id,
        position,
        happened_at as occurred_at,
        recorded_at,
        promise_key,
        'appointment' as promise_kind,
        event,
        due_at,
        grace_micros,
        false as is_date,
        coalesce(time_zone, 'UTC') as time_zone,
        'appointment' as subject_type,
        record_key as subject_key,
        false as needs_notice,
        location_id as owner,
        'explicit' as confidence

    from happened

)

select * from final
