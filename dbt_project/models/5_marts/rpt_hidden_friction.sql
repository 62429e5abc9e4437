-- One row per journey in which no single touch was bad, and all together were, and no survey said so.

with

hidden as (

    select * from {{ ref('int_hidden_friction') }}

),

journeys as (

    select * from {{ ref('fct_journeys') }}

),

final as (

    select
        -- keys
        hidden.journey_id,
        hidden.customer_id,
        journeys.subject_type,
        journeys.subject_key,

        -- the whole and its parts
        hidden.points,
        hidden.worst_touch_points,
        hidden.worst_touchpoint,
        hidden.touch_count,
        hidden.touchpoint_count,
        hidden.worst_csat,

        -- how it ran
        journeys.channel_path,
        journeys.channel_count,
        journeys.status,
        journeys.opened_at,
        journeys.last_step_at,
        hidden.rule_version

    from hidden
    inner join journeys on hidden.journey_id = journeys.journey_id

)

select * from final
