-- One row per promise made to a customer of the company itself, as in fct_promises.

{{ config(materialized='view') }}  -- days of silence go on without an event

with

promises as (

    select * from {{ ref('int_told_promises').include(database=false) }}

),

final as (

    select *
    from promises
    where {{ is_internal('customer_id') }}

)

select * from final
