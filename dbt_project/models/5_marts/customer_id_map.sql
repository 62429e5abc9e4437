-- One row per identifier and period: whom it named then, as the log knew, and by which rule.

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

)

select * from final
