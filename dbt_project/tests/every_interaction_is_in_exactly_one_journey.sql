-- Nothing lost, nothing twice: interactions that are in no journey, or in more than one.

with

interactions as (

    select * from {{ ref('int_interactions') }}
    where has_occurred

),

steps as (

    select * from {{ ref('int_journey_steps') }}

),

final as (

    select
        interactions.interaction_id,
        count(steps.journey_id) as journey_count

    from interactions
    left join steps on interactions.interaction_id = steps.interaction_id
    group by interactions.interaction_id
    having count(steps.journey_id) != 1

    union all

    select
        steps.interaction_id,
        0 as journey_count

    from steps
    left join interactions on steps.interaction_id = interactions.interaction_id
    where interactions.interaction_id is null

)

select * from final
