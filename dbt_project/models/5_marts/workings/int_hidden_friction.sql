-- One row per journey in which no single touch was bad, and all together were, and no survey said so. All
-- of rpt_hidden_friction, but how the journey ran.

with

ledger as (

    select * from {{ ref('int_ledger_lines') }}

),

steps as (

    select * from {{ ref('int_journey_steps') }}
    where kind = 'surveyed' and outcome is not null

),

rule as (

    select * from {{ ref('int_report_rule') }}

),

-- Answers on a scale of 1 to 5; Zendesk's ratings are good or bad. What lies outside is another scale.
answers as (

    select
        journey_id,
        case lower(outcome)
            when 'bad' then 1
            when 'good' then 5
            else try_cast(outcome as double)
        end as csat

    from steps

),

surveyed as (

    select
        journey_id,
        min(csat) as worst_csat

    from answers
    where csat between 1 and 5
    group by journey_id

),

friction as (

    select * from ledger
    where part != 'credit' and journey_id is not null

),

-- A promise's clock is a touch of its own: each is one moment at which nothing happened.
touches as (

    select
        journey_id,
        min(customer_id) as customer_id,
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
        min(customer_id) as customer_id,
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
        summed.customer_id,

        -- the whole and its parts
        {{ as_points('summed.journey_micro') }} as points,
        {{ as_points('summed.worst_touch_micro') }} as worst_touch_points,
        summed.worst_touchpoint,
        summed.touch_count,
        summed.touchpoint_count,
        surveyed.worst_csat,
        rule.rule_version

    from summed
    cross join rule
    left join surveyed on summed.journey_id = surveyed.journey_id
    where
        summed.worst_touch_micro <= rule.hidden_touch_max_micro
        and summed.journey_micro >= rule.hidden_journey_min_micro
        -- Who was asked and was not content has said it: that is not hidden.
        and coalesce(surveyed.worst_csat >= rule.hidden_csat_min, true)

)

select * from final
