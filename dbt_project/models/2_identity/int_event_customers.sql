-- One row per event that names somebody: the customer of the strongest identifier on it.

with

identifiers as (

    select * from {{ ref('stg_identifiers') }}
    {{ of_slice() }}

),

customers as (

    select * from {{ ref('int_identifier_customers') }}

),

-- As text, as the smallest of texts is found three times as fast as that of structs.
ranked as (

    select
        identifiers.event_id,
        customers.customer_id,
        concat(lpad(cast(customers.priority as varchar), 9, '0'), ' ', customers.identifier_hash) as strength

    from identifiers
    inner join customers on identifiers.identifier_hash = customers.identifier_hash

),

final as (

    select
        event_id,
        min_by(customer_id, strength) as customer_id,
        -- By which one system alone would know them.
        substr(min(strength), 11) as identifier_hash

    from ranked
    group by event_id

)

select * from final
