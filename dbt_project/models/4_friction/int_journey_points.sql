-- One row per journey with a scored signal: its friction, the clocks of its promises included.

{{ config(materialized='view') }}  -- read once, by fct_journeys

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}

),

final as (

    select
        signals.journey_id,
        scored.customer_id,
        cast(sum(scored.friction_micro) as bigint) as friction_micro,
        cast(sum(scored.credit_micro) as bigint) as credit_micro,
        max(scored.friction_micro) as worst_micro,
        max_by(scored.friction_micro, scored.signal_id) as last_micro

    from scored
    inner join signals on scored.signal_id = signals.signal_id
    where
        scored.has_occurred
        and signals.journey_id is not null
    group by
        signals.journey_id,
        scored.customer_id

)

select * from final
