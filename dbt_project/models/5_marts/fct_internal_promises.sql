-- One row per promise made to a customer of the company itself, as in fct_promises.

with

promises as (

    select * from {{ ref('int_told_promises') }}

),

final as (

    select *
    from promises
    where not {{ is_external('customer_id') }}

)

select * from final
