-- One row per link between identifiers that is not followed today, with whom each of them names.

with

demoted as (

    select * from {{ ref('int_demoted_links') }}

),

customers as (

    select * from {{ ref('int_identifier_customers') }}

),

final as (

    select
        demoted.identifier_a,
        demoted.type_a,
        a.customer_id as customer_id_a,
        demoted.identifier_b,
        demoted.type_b,
        b.customer_id as customer_id_b,
        demoted.reason,
        demoted.first_occurred_at,
        demoted.event_count

    from demoted
    left join customers as a on demoted.identifier_a = a.identifier_hash
    left join customers as b on demoted.identifier_b = b.identifier_hash

)

select * from final
