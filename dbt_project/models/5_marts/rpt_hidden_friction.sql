-- One row per journey in which no single touch was bad, and all together were.

with

friction as (

    select * from {{ ref('fct_friction') }}
    where part != 'credit' and journey_id is not null

),

journeys as (

    select * from {{ ref('fct_journeys') }}

),

rule as (

    select * from {{ ref('int_report_rule') }}

),

-- A promise's clock is a touch of its own: each is one moment at which nothing happened.
touches as (

    select
        journey_id,
        coalesce(interaction_id, source_key) as touch_key,
        max(touchpoint) as touchpoint,
        sum(points_micro) as points_micro

    from friction
    group by
        journey_id,
        coalesce(interaction_id, source_key)

),

summed as (

    select
        journey_id,
        count(*) as touch_count,
        count(distinct touchpoint) as touchpoint_count,
        cast(max(points_micro) as bigint) as worst_touch_micro,
        cast(sum(points_micro) as bigint) as journey_micro,
        max_by(touchpoint, struct_pack(points_micro := points_micro, touch_key := touch_key))
            as worst_touchpoint

    from touches
    group by journey_id

),

final as (

    select
        -- keys
        summed.journey_id,
        journeys.customer_id,
        journeys.subject_type,
        journeys.subject_key,

        -- the whole and its parts
        {{ as_points('summed.journey_micro') }} as points,
        {{ as_points('summed.worst_touch_micro') }} as worst_touch_points,
        summed.worst_touchpoint,
        summed.touch_count,
        summed.touchpoint_count,

        -- how it ran
        journeys.channel_path,
        journeys.channel_count,
        journeys.status,
        journeys.opened_at,
        journeys.last_step_at,
        rule.rule_version

    from summed
    cross join rule
    inner join journeys on summed.journey_id = journeys.journey_id
    where
        summed.worst_touch_micro <= rule.hidden_touch_max_micro
        and summed.journey_micro >= rule.hidden_journey_min_micro

)

select * from final
