-- Nothing lost, nothing twice: customers whose journeys do not add up to all their friction.

with

journeys as (

    select * from {{ ref('fct_journeys') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

summed as (

    select
        customer_id,
        sum(points) as points

    from journeys
    group by customer_id

),

final as (

    select
        customers.customer_id,
        customers.cumulative_points,
        summed.points

    from customers
    left join summed on customers.customer_id = summed.customer_id
    where summed.points is distinct from customers.cumulative_points

)

select * from final
