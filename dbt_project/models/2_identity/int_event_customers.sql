-- One row per event that names somebody: the customer of the strongest identifier on it.

with

identifiers as (

    select * from {{ ref('stg_identifiers') }}
    {{ of_slice() }}

),

-- A number, as the smallest of numbers is found five times as fast as that of texts.
customers as (

    select
        identifier_hash,
        customer_id,
        row_number() over (order by priority, identifier_hash) as place

    from {{ ref('int_identifier_customers') }}
    where identifier_hash in (select identifiers.identifier_hash from identifiers)

),

strongest as (

    select
        identifiers.event_id,
        min(customers.place) as place

    from identifiers
    inner join customers on identifiers.identifier_hash = customers.identifier_hash
    group by identifiers.event_id

),

final as (

    select
        strongest.event_id,
        customers.customer_id,
        -- By which one system alone would know them.
        customers.identifier_hash

    from strongest
    inner join customers on strongest.place = customers.place

)

select * from final
