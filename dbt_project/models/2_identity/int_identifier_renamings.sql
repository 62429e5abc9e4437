-- One row per time that an identifier came to be named after an earlier known one. Only in closures that
-- came together piece by piece, and are simply one customer today.

{{ config(materialized='merges') }}

with

links as (

    select * from {{ ref('int_identifier_links') }}

),

closures as (

    select * from {{ ref('int_identifier_closures') }}

),

contested as (

    select distinct closure from {{ ref('int_contested_identifiers') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

in_closures as (

    select
        links.*,
        closures.component

    from links
    inner join closures on links.a = closures.node

),

-- Its first member was known before its last link was.
pieced_together as (

    select in_closures.component

    from in_closures
    inner join identifiers on in_closures.a = identifiers.identifier_number
    left join contested on in_closures.component = contested.closure
    where contested.closure is null
    group by in_closures.component
    having max(in_closures.linked_at) > min(identifiers.first_known_at)

),

final as (

    select
        in_closures.linked_at,
        in_closures.a,
        in_closures.b

    from in_closures
    inner join pieced_together on in_closures.component = pieced_together.component

)

select * from final
