-- One row per link that was not followed: it would have fused two logins.

with

links as (

    select * from {{ ref('int_identifier_links') }}

),

linked as (

    select * from {{ ref('int_linked_identifiers') }}

),

final as (

    select
        links.identifier_a,
        links.type_a,
        links.identifier_b,
        links.type_b,
        links.link_rank,
        links.first_occurred_at,
        links.event_id,
        links.event_count

    from links
    inner join linked as a on links.identifier_a = a.identifier_hash
    inner join linked as b on links.identifier_b = b.identifier_hash
    where a.component != b.component

)

select * from final
