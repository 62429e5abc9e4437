-- One row per interaction: where it stands in its journey, what it cost, and what had added up
-- after it.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where {{ is_external('customer_id') }}

),

points as (

    select * from {{ ref('int_interaction_points') }}

),

sessions as (

    select * from {{ ref('int_web_steps') }}

),

scores as (

    select * from {{ ref('fct_scores') }}

),

neighbours_found as (

    select
        steps.*,
        lag(steps.touchpoint) over journey as previous_touchpoint,
        lead(steps.touchpoint) over journey as next_touchpoint,
        lag(steps.channel) over journey as previous_channel,
        lag(steps.occurred_at) over journey as previous_at,
        lead(steps.occurred_at) over journey as next_at

    from steps

    window journey as (partition by steps.journey_id order by steps.step_number)

),

final as (

    select
        -- keys
        steps.interaction_id,
        steps.customer_id,
        steps.journey_id,
        steps.step_number,
        steps.issue_id,
        case
            when steps.conversation_key is not null then {{ surrogate_key(['steps.conversation_key']) }}
        end as conversation_id,
        sessions.session_id,
        steps.event_id,
        steps.source,
        steps.record_key as source_key,

        -- what happened, when
        steps.occurred_at,
        steps.recorded_at,
        steps.channel,
        steps.touchpoint,
        steps.previous_touchpoint,
        steps.next_touchpoint,
        {{ epoch_second('steps.occurred_at') }} - {{ epoch_second('steps.previous_at') }}
            as seconds_since_previous,
        {{ epoch_second('steps.next_at') }} - {{ epoch_second('steps.occurred_at') }} as seconds_to_next,
        steps.kind,
        steps.direction,
        steps.phase,
        steps.outcome,
        steps.reason,
        steps.location_id,
        steps.employee_id,
        steps.wait_seconds,
        steps.hold_seconds,
        steps.talk_seconds,
        steps.is_anonymous,
        coalesce(steps.channel != steps.previous_channel, false) as is_channel_switch,
        steps.is_human_contact,
        steps.is_delivered,
        steps.is_automated,
        steps.is_marketing,

        -- what it cost
        {{ as_points('coalesce(points.friction_micro, 0)') }} as points,
        {{ as_points('coalesce(points.credit_micro, 0)') }} as credit_points,
        {{ as_points(
            'coalesce(last_value(points.cumulative_micro ignore nulls) over history, 0)'
        ) }} as cumulative_points,
        last_value(scores.score ignore nulls) over history as score_after,
        last_value(scores.level ignore nulls) over history as level_after

    from neighbours_found as steps
    left join points on steps.interaction_id = points.interaction_id
    left join scores
        on
            steps.customer_id = scores.customer_id
            and points.signal_number = scores.signal_number
    left join sessions on steps.interaction_id = sessions.interaction_id

    -- An outcome is no signal: it shows what had added up before it.
    window history as (
        partition by steps.customer_id
        order by
            steps.occurred_at, steps.record_key, steps.source, steps.position, steps.interaction_id
        rows between unbounded preceding and current row
    )

)

select * from final
