-- The dated map ends in the present: identifiers whose last period names another customer than today's.

with

periods as (

    select * from {{ ref('customer_id_map') }}
    where valid_to is null

),

identifiers as (

    select * from {{ ref('int_identifier_customers') }}

),

final as (

    select
        identifiers.identifier_hash,
        identifiers.customer_id,
        periods.customer_id as last_named

    from identifiers
    left join periods on identifiers.identifier_hash = periods.identifier_hash
    where periods.customer_id is distinct from identifiers.customer_id

)

select * from final
