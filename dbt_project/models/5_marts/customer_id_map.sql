-- One row per identifier and period: whom it named then, as the log knew, and by which rule. A slice changes
-- the rows of the identifiers that it works out again, and those that name one of its customers: that may
-- be somebody of the company by now.

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected() }}",
) }}

with

periods as (

    select * from {{ ref('int_identifier_periods') }}
    where {{ is_external('customer_id') }}

),

final as (

    select
        identifier_hash,
        identifier_type,
        customer_id,
        rule,
        valid_from,
        valid_to

    from periods
    {{ of_affected() }}

)

select * from final
