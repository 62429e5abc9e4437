-- One row per identifier that names somebody today: whom. A customer is named after the member that the
-- log knew first, so a late link does not rename it.

{{ config(materialized='view') }}

with

periods as (

    select * from {{ ref('int_identifier_periods') }}

),

final as (

    select
        identifier_hash,
        identifier_type,
        priority,
        customer_id

    from periods
    where valid_to is null and customer_id is not null

)

select * from final
