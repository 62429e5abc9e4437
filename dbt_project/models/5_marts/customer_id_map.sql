-- One row per identifier and period: whom it named then, and by which rule.

with

identifiers as (

    select * from {{ ref('int_identifier_customers') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

linked as (

    select * from {{ ref('int_linked_identifiers') }}

),

final as (

    select
        identifiers.identifier_hash,
        identifiers.identifier_type,
        identifiers.customer_id,
        case when linked.identifier_hash is null then 'seen alone' else 'seen together' end as rule,
        identifiers.first_recorded_at as valid_from,
        cast(null as timestamp) as valid_to

    from identifiers
    left join linked on identifiers.identifier_hash = linked.identifier_hash

    union all

    select
        identifier_hash,
        identifier_type,
        cast(null as varchar) as customer_id,
        concat('blocked: ', reason) as rule,
        cast(null as timestamp) as valid_from,
        cast(null as timestamp) as valid_to

    from blocked

)

select * from final
