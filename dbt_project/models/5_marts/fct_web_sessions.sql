-- One row per web session: the visits of one device, or of one customer where no device is known,
-- from the first to the last before 30 minutes of nothing, whatever the day.

with

steps as (

    select * from {{ ref('int_web_steps') }}
    where {{ is_external('customer_id') }}

),

points as (

    select * from {{ ref('int_interaction_points') }}

),

final as (

    select
        -- keys
        steps.session_id,
        min(steps.customer_id) as customer_id,

        -- how it ran
        min(steps.occurred_at) as started_at,
        max(steps.occurred_at) as ended_at,
        cast(date_diff('second', min(steps.occurred_at), max(steps.occurred_at)) as bigint)
            as duration_seconds,
        count(*) as step_count,
        min_by(steps.touchpoint, steps.session_step) as entry_touchpoint,
        max_by(steps.touchpoint, steps.session_step) as exit_touchpoint,

        -- what it cost
        {{ as_points('coalesce(sum(points.friction_micro), 0)') }} as points

    from steps
    left join points on steps.interaction_id = points.interaction_id
    group by steps.session_id

)

select * from final
