-- Nothing lost, nothing twice: customers whose activities do not add up to their ledger, friction
-- and credit each.

with

activities as (

    select * from {{ ref('customer_stream') }}

),

ledger as (

    select * from {{ ref('int_ledger_lines') }}

),

by_ledger as (

    select
        customer_id,
        coalesce(sum(points) filter (where part != 'credit'), 0) as points,
        coalesce(sum(points) filter (where part = 'credit'), 0) as credit_points

    from ledger
    group by customer_id

),

by_stream as (

    select
        customer,
        sum(points) as points,
        sum(credit_points) as credit_points

    from activities
    group by customer

),

final as (

    select
        by_stream.customer,
        by_stream.points,
        by_ledger.points as ledger_points,
        by_stream.credit_points,
        by_ledger.credit_points as ledger_credit_points

    from by_stream
    left join by_ledger on by_stream.customer = by_ledger.customer_id
    where
        by_stream.points != coalesce(by_ledger.points, 0)
        or by_stream.credit_points != coalesce(by_ledger.credit_points, 0)

)

select * from final
