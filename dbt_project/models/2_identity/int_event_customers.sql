-- One row per event that names somebody: the customer of the strongest identifier on it.

with

identifiers as (

    select * from {{ ref('stg_identifiers') }}

),

customers as (

    select * from {{ ref('int_identifier_customers') }}

),

strongest as (

    select
        identifiers.event_id,
        min(struct_pack(
            priority := customers.priority,
            identifier_hash := customers.identifier_hash,
            customer_id := customers.customer_id
        )) as identifier

    from identifiers
    inner join customers on identifiers.identifier_hash = customers.identifier_hash
    group by identifiers.event_id

),

final as (

    select
        event_id,
        identifier.customer_id,
        -- By which one system alone would know them.
        identifier.identifier_hash

    from strongest

)

select * from final
