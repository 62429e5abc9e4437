-- One row per event that names somebody: the customer of the strongest identifier on it.

with

identifiers as (

    select * from {{ ref('stg_identifiers') }}

),

customers as (

    select * from {{ ref('int_identifier_customers') }}

),

final as (

    select
        identifiers.event_id,
        min_by(customers.customer_id, struct_pack(
            priority := customers.priority, identifier_hash := customers.identifier_hash
        )) as customer_id

    from identifiers
    inner join customers on identifiers.identifier_hash = customers.identifier_hash
    group by identifiers.event_id

)

select * from final
