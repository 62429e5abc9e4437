-- One row per identifier and period: whom it named then, as the log knew, and by which rule. A period
-- ends when a link to an earlier recorded identifier was recorded.

with

identifiers as (

    select * from {{ ref('int_identifier_customers') }}

),

renamings as (

    select * from {{ ref('int_identifier_renamings') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

linked as (

    select * from {{ ref('int_linked_identifiers') }}

),

renamed as (

    select distinct naming_number from renamings

),

namings as (

    select
        identifiers.naming_number,
        -- Who was never renamed has been named as today from the first.
        case
            when renamed.naming_number is null then identifiers.customer_id
            else identifiers.identifier_hash
        end as customer_id,
        identifiers.first_recorded_at as valid_from

    from identifiers
    left join renamed on identifiers.naming_number = renamed.naming_number

    union all

    select
        renamings.naming_number,
        named_after.identifier_hash as customer_id,
        renamings.merged_at as valid_from

    from renamings
    inner join identifiers as named_after on renamings.named_after = named_after.naming_number

),

periods as (

    select
        namings.naming_number,
        namings.customer_id,
        namings.valid_from,
        lead(namings.valid_from) over (
            partition by namings.naming_number
            order by namings.valid_from asc, named_after.naming_number desc
        ) as valid_to

    from namings
    inner join identifiers as named_after on namings.customer_id = named_after.identifier_hash

),

final as (

    select
        identifiers.identifier_hash,
        identifiers.identifier_type,
        periods.customer_id,
        case
            when linked.identifier_hash is null then 'seen alone'
            when periods.customer_id = identifiers.identifier_hash then 'first recorded'
            else 'seen together'
        end as rule,
        periods.valid_from,
        periods.valid_to

    from periods
    inner join identifiers on periods.naming_number = identifiers.naming_number
    left join linked on identifiers.identifier_hash = linked.identifier_hash
    -- Linked when first seen: never known by a name of its own.
    where periods.valid_to is null or periods.valid_to > periods.valid_from

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
