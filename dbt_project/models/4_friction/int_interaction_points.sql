-- One row per interaction that was scored: what it added, and where that left its customer, the
-- clocks of promises up to then included.

{{ config(materialized='view') }}  -- read once, by fct_interactions

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}

),

summed as (

    select
        scored.signal_id,
        scored.customer_id,
        case when not signals.is_derived then signals.interaction_id end as interaction_id,
        scored.signal_number,
        scored.friction_micro,
        scored.credit_micro,
        sum(scored.friction_micro) over (
            partition by scored.customer_number
            order by scored.signal_id
            rows between unbounded preceding and current row
        ) as cumulative_micro

    from scored
    inner join signals on scored.signal_id = signals.signal_id
    where scored.has_occurred

),

final as (

    select
        interaction_id,
        customer_id,
        cast(sum(friction_micro) as bigint) as friction_micro,
        cast(sum(credit_micro) as bigint) as credit_micro,
        cast(max(cumulative_micro) as bigint) as cumulative_micro,
        max(signal_number) as signal_number

    from summed
    where interaction_id is not null
    group by
        interaction_id,
        customer_id

)

select * from final
