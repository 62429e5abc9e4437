-- One row per promise and, linked to it, per new date that the customer was given.

with

promises as (

    select * from {{ ref('int_told_promises') }}

),

final as (

    select *
    from promises
    where {{ is_external('customer_id') }}

)

select * from final
