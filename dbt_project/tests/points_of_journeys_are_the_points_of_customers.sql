-- Nothing lost, nothing twice: customers whose journeys do not add up to all their friction.

with

journeys as (

    select * from {{ ref('int_journey_stories') }}

),

customers as (

    select * from {{ ref('int_customers_seen') }}
    where {{ is_external('customer_id') }}

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
        customers.friction_micro,
        summed.points

    from customers
    left join summed on customers.customer_id = summed.customer_id
    where summed.points * 1000000 is distinct from customers.friction_micro

)

select * from final
