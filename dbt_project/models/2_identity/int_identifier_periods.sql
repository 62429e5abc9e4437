-- One row per identifier and period: whom it named then, as the log knew, and by which rule. The last
-- period, without an end, is today.

with

identifiers as (

    select * from {{ ref('int_identifiers') }}
    where first_known_at is not null

),

closures as (

    select * from {{ ref('int_identifier_closures') }}

),

contested_periods as (

    select * from {{ ref('int_contested_periods') }}

),

contested as (

    select identifier_number from {{ ref('int_contested_identifiers') }}

),

renamings as (

    select * from {{ ref('int_identifier_renamings') }}

),

first_members as (

    select
        component,
        min(node) as customer_number

    from closures
    group by component

),

renamed as (

    select distinct identifier_number from renamings

),

settled as (

    select
        identifiers.identifier_number,
        case
            when identifiers.listed_reason is not null then null
            else coalesce(first_members.customer_number, identifiers.identifier_number)
        end as customer_number,
        case
            when identifiers.listed_reason is not null then concat('blocked: ', identifiers.listed_reason)
            when closures.component is null then 'seen alone'
        end as rule,
        -- Who was never renamed has been named as today from the first.
        renamed.identifier_number is not null as is_renamed,
        identifiers.first_known_at

    from identifiers
    left join contested on identifiers.identifier_number = contested.identifier_number
    left join closures on identifiers.identifier_number = closures.node
    left join first_members on closures.component = first_members.component
    left join renamed on identifiers.identifier_number = renamed.identifier_number
    where contested.identifier_number is null

),

pieced_together as (

    select
        identifier_number,
        identifier_number as customer_number,
        first_known_at as valid_from

    from settled
    where is_renamed

    union all

    select
        identifier_number,
        named_after as customer_number,
        merged_at as valid_from

    from renamings

),

pieces as (

    select
        *,
        -- Several names at once: the earliest known holds.
        lead(valid_from) over (
            partition by identifier_number order by valid_from asc, customer_number desc
        ) as valid_to

    from pieced_together

),

periods as (

    select
        identifier_number,
        customer_number,
        rule,
        first_known_at as valid_from,
        cast(null as timestamp) as valid_to

    from settled
    where not is_renamed

    union all

    select
        identifier_number,
        customer_number,
        cast(null as varchar) as rule,
        valid_from,
        valid_to

    from pieces
    -- Linked when first seen: never known by a name of its own.
    where valid_to is null or valid_to > valid_from

    union all

    select
        identifier_number,
        customer_number,
        rule,
        valid_from,
        valid_to

    from contested_periods

),

final as (

    select
        identifiers.identifier_hash,
        identifiers.identifier_type,
        identifiers.priority,
        named_after.identifier_hash as customer_id,
        coalesce(
            periods.rule,
            case
                when periods.customer_number = periods.identifier_number then 'first recorded'
                else 'seen together'
            end
        ) as rule,
        periods.valid_from,
        periods.valid_to

    from periods
    inner join identifiers on periods.identifier_number = identifiers.identifier_number
    left join identifiers as named_after on periods.customer_number = named_after.identifier_number

)

select * from final
