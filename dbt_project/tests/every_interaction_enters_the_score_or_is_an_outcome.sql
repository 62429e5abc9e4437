-- Nothing lost: interactions without a signal that are not outcomes.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

signals as (

    select * from {{ ref('int_signals') }}

),

final as (

    select steps.interaction_id

    from steps
    left join signals on steps.interaction_id = signals.interaction_id
    where
        signals.interaction_id is null
        and steps.kind not in ('surveyed', 'complained', 'cancelled')

)

select * from final
