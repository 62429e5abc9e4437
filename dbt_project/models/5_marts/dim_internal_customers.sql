-- One row per customer who is of the company itself: how they stand, among their own.

with

seen as (

    select * from {{ ref('int_customers_seen') }}
    where {{ is_internal('customer_id') }}

),

scores as (

    select * from {{ ref('int_customer_scores') }}

),

standing as (

    select
        seen.*,
        coalesce(scores.score, 0) as score,
        coalesce(scores.level, 0) as level,
        coalesce(scores.friction, 0) as friction,
        coalesce(scores.credit_balance, 0) as credit_balance,
        coalesce(scores.peak, 0) as peak,
        coalesce(scores.end_friction, 0) as end_friction

    from seen
    left join scores on seen.customer_id = scores.customer_id

),

final as (

    select
        customer_id,
        score,
        level,
        friction,
        credit_balance,
        peak,
        end_friction,
        -- Ties share their average rank.
        (
            rank() over (order by score)
            + (count(*) over (partition by score) - 1) / cast(2 as double)
            - cast(0.5 as double)
        ) * 100 / count(*) over () as percentile,
        interaction_count,
        last_location_id as location_id,
        first_seen_at,
        last_seen_at

    from standing

)

select * from final
