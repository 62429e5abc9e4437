-- One row per identifier that names nobody today, and why: listed as such, shared, or by decision.

{{ config(materialized='view') }}

with

periods as (

    select * from {{ ref('int_identifier_periods') }}

),

final as (

    select
        identifier_hash,
        identifier_type,
        substr(rule, 10) as reason

    from periods
    where valid_to is null and customer_id is null

)

select * from final
