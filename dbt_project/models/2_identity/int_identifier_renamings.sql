-- One row per time that an identifier came to be named after an earlier one, by the links that hold
-- today. Only for customers that came together piece by piece.

{{ config(materialized='merges') }}

with

identifiers as (

    select * from {{ ref('int_identifier_customers') }}

),

links as (

    select * from {{ ref('int_identifier_links') }}

),

followed as (

    select
        a.customer_id,
        a.naming_number as a,
        b.naming_number as b,
        links.first_recorded_at as linked_at,
        least(a.first_recorded_at, b.first_recorded_at) as known_from

    from links
    inner join identifiers as a on links.identifier_a = a.identifier_hash
    inner join identifiers as b on links.identifier_b = b.identifier_hash
    where a.customer_id = b.customer_id

),

pieced_together as (

    select customer_id

    from followed
    group by customer_id
    having max(linked_at) > min(known_from)

),

final as (

    select
        followed.linked_at,
        followed.a,
        followed.b

    from followed
    inner join pieced_together on followed.customer_id = pieced_together.customer_id

)

select * from final
