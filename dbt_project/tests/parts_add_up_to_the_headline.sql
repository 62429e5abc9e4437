-- Customers whose published lines do not add up, at 4 decimals, to their friction and credit.

with

friction_lines as (

    select * from {{ ref('fct_friction') }}
    {{ of_affected_customers() }}

),

scores as (

    select * from {{ ref('int_customer_scores') }}
    {{ of_affected_customers() }}

),

added as (

    select
        customer_id,
        sum(case when part <> 'credit' then points_now else 0 end) as friction,
        sum(case when part = 'credit' then points_now else 0 end) as credit

    from friction_lines
    group by customer_id

),

final as (

    select scores.*

    from scores
    left join added on scores.customer_id = added.customer_id
    where
        {{ is_external('scores.customer_id') }}
        and (
            coalesce(added.friction, 0) * 10000 <> floor(scores.friction * 10000 + 0.5)
            or coalesce(added.credit, 0) * 10000 <> floor(scores.credit_balance * 10000 + 0.5)
        )

)

select * from final
