-- One row per promise and, linked to it, per new date that the customer was given.

{{ config(materialized='view') }}  -- days of silence go on without an event

with

promises as (

    select * from {{ ref('int_told_promises').include(database=false) }}

),

final as (

    select *
    from promises
    where {{ is_external('customer_id') }}

)

select * from final
