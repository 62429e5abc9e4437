-- One row per thing that a contact record says about a promised callback: made, moved, kept.
-- A callback without a schedule ("as soon as somebody is free") has no due and promises nothing.

with

callbacks as (

    select * from {{ ref('stg_connect__contact_versions') }}
    where initiation_method = 'CALLBACK'

),

scheduled as (

    select
        *,
        lag(scheduled_at) over history as scheduled_before_at

    from callbacks
    where scheduled_at is not null

    window history as (
        partition by record_key
        order by version_rank, recorded_at, event_id
    )

),

connected as (

    select
        *,
        -- Kept once somebody of ours and the customer are both on the line.
        greatest(connected_to_customer_at, connected_to_agent_at) as both_connected_at

    from scheduled
    where connected_to_customer_at is not null and connected_to_agent_at is not null
    qualify row_number() over (
        partition by record_key
        order by version_rank, recorded_at, event_id
    ) = 1

),

happened as (

    select
        *,
        0 as position,
        occurred_at as happened_at,
        'made' as event,
        scheduled_at as due_at

    from scheduled
    where scheduled_before_at is null

    union all by name

    select
        *,
        1 as position,
        updated_at as happened_at,
        'revised' as event,
        scheduled_at as due_at

    from scheduled
    where scheduled_at != scheduled_before_at

    union all by name

    select
        *,
        2 as position,
        both_connected_at as happened_at,
        'kept' as event,
        cast(null as timestamp) as due_at

    from connected

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
        'connect/contact/' || record_key as promise_key,
        'callback' as promise_kind,
        event,
        due_at,
        false as is_date,
        'UTC' as time_zone,
        subject_type,
        subject_key,
        false as needs_notice,
        queue as owner,
        'field' as confidence

    from happened

)

select * from final
