-- One row per interaction of a customer of the company itself.

with

steps as (

    select *
    from {{ ref('int_journey_steps') }}
    where {{ is_internal('customer_id') }}

),

friction as (

    select * from {{ ref('fct_internal_friction') }}
    where interaction_id is not null

),

points as (

    select
        interaction_id,
        sum(points) as points,
        sum(credit) as credit_points

    from friction
    group by interaction_id

),

final as (

    select
        steps.interaction_id,
        steps.customer_id,
        steps.journey_id,
        steps.step_number,
        steps.issue_id,
        steps.subject_type,
        steps.subject_key,
        steps.occurred_at,
        steps.recorded_at,
        steps.channel,
        steps.touchpoint,
        steps.kind,
        steps.direction,
        steps.phase,
        steps.location_id,
        steps.employee_id,
        steps.is_human_contact,
        cast(coalesce(points.points, 0) as decimal(18, 6)) as points,
        cast(coalesce(points.credit_points, 0) as decimal(18, 6)) as credit_points,
        steps.source,
        steps.record_key as source_key

    from steps
    left join points on steps.interaction_id = points.interaction_id

)

select * from final
