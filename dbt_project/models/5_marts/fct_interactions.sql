-- One row per interaction: where it stands in its journey, what it cost, and what had added up
-- after it.

with

-- Imported thrice, each with what is needed there: a CTE that is read twice would be copied whole.
steps as (

    select * from {{ ref('int_journey_steps') }}
    where {{ is_external('customer_id') }}

),

interactions as (

    select
        customer_id,
        interaction_id

    from {{ ref('int_journey_steps') }}

),

histories as (

    select
        customer_id,
        interaction_id,
        occurred_at,
        record_key,
        source,
        position

    from {{ ref('int_journey_steps') }}

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

points_scored as (

    select
        points.*,
        scores.score,
        scores.level

    from points
    left join scores
        on
            points.customer_id = scores.customer_id
            and points.signal_number = scores.signal_number

),

-- An outcome is no signal: it shows what had added up before it. So only customers who have one are
-- put in order again, and of those only what tells the order.
unscored as (

    select
        customer_id,
        interaction_id

    from interactions
    where interaction_id not in (select points_scored.interaction_id from points_scored)

),

ordered as (

    select
        histories.interaction_id,
        last_value(points_scored.cumulative_micro ignore nulls) over history as cumulative_micro,
        last_value(points_scored.score ignore nulls) over history as score,
        last_value(points_scored.level ignore nulls) over history as level

    from histories
    left join points_scored on histories.interaction_id = points_scored.interaction_id
    where histories.customer_id in (select unscored.customer_id from unscored)

    window history as (
        partition by histories.customer_id
        order by
            histories.occurred_at, histories.record_key, histories.source, histories.position,
            histories.interaction_id
        rows between unbounded preceding and current row
    )

),

shown as (

    select
        interaction_id,
        friction_micro,
        credit_micro,
        cumulative_micro,
        score,
        level

    from points_scored
    union all
    select
        interaction_id,
        0 as friction_micro,
        0 as credit_micro,
        cumulative_micro,
        score,
        level

    from ordered
    where interaction_id in (select unscored.interaction_id from unscored)

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
        {{ as_points('shown.friction_micro') }} as points,
        {{ as_points('shown.credit_micro') }} as credit_points,
        {{ as_points('coalesce(shown.cumulative_micro, 0)') }} as cumulative_points,
        shown.score as score_after,
        shown.level as level_after

    from steps
    inner join shown on steps.interaction_id = shown.interaction_id
    left join sessions on steps.interaction_id = sessions.interaction_id

)

select * from final
