-- One row per event that names somebody: the customer of the strongest identifier on it.

with

identifiers as (

    select * from {{ ref('stg_identifiers') }}
    {{ of_slice() }}

),

customers as (

    select * from {{ ref('int_identifier_customers') }}

),

strongest as (

    select
        identifiers.event_id,
        -- As text, as the smallest of texts is found three times as fast as that of structs.
        min(concat(
            lpad(cast(customers.priority as varchar), 9, '0'),
            ' ', customers.identifier_hash,
            ' ', customers.customer_id
        )) as identifier

    from identifiers
    inner join customers on identifiers.identifier_hash = customers.identifier_hash
    group by identifiers.event_id

),

final as (

    select
        event_id,
        split_part(identifier, ' ', 3) as customer_id,
        -- By which one system alone would know them.
        split_part(identifier, ' ', 2) as identifier_hash

    from strongest

)

select * from final
