-- One row per web interaction of a customer, placed in a session: the visits of one device, or of
-- one customer where no device is known, until `session_gap_minutes` pass with nothing. A session
-- is named after its step recorded first, so a click that arrives late renames nothing.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where channel = 'web' and direction = 'inbound'

),

devices as (

    select * from {{ ref('stg_devices') }}

),

on_devices as (

    select
        steps.interaction_id,
        steps.customer_id,
        coalesce(devices.device_id, steps.customer_id) as device_id,
        steps.occurred_at,
        steps.recorded_at

    from steps
    left join devices on steps.event_id = devices.event_id

),

openings_marked as (

    select
        *,
        coalesce(
            occurred_at - lag(occurred_at) over history
            > interval '{{ var("session_gap_minutes") }} minutes',
            true
        ) as opens_session

    from on_devices

    window history as (
        partition by customer_id, device_id
        order by occurred_at, interaction_id
    )

),

numbered as (

    select
        *,
        count_if(opens_session) over (
            partition by customer_id, device_id
            order by occurred_at, interaction_id
            rows between unbounded preceding and current row
        ) as session_number

    from openings_marked

),

final as (

    select
        interaction_id,
        first_value(interaction_id) over recorded as session_id,
        customer_id

    from numbered

    window recorded as (
        partition by customer_id, device_id, session_number
        order by recorded_at, occurred_at, interaction_id
    )

)

select * from final
