-- Nothing made up: signals with neither an interaction nor a promise behind them.

with

signals as (

    select * from {{ ref('int_signals') }}

),

steps as (

    select * from {{ ref('int_journey_steps') }}

),

final as (

    select signals.*

    from signals
    left join steps on signals.interaction_id = steps.interaction_id
    where
        steps.interaction_id is null
        and signals.promise_id is null

)

select * from final
