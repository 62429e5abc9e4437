-- One row per identifier, numbered as the log came to know them: a customer is named after the member
-- with the smallest number. Identifiers that only a decision names come last: they link, and name nobody.

with

sets as (

    select * from {{ ref('int_identifier_sets') }}

),

decisions as (

    select * from {{ ref('stg_identity_decisions') }}

),

listed as (

    select * from {{ ref('stg_blocked_identifiers') }}

),

named as (

    select
        identifier_hash,
        identifier_type,
        first_known_at,
        first_sighting

    from sets

    union all

    select
        identifier_a as identifier_hash,
        type_a as identifier_type,
        cast(null as timestamp) as first_known_at,
        null as first_sighting

    from decisions

    union all

    select
        identifier_b as identifier_hash,
        type_b as identifier_type,
        cast(null as timestamp) as first_known_at,
        null as first_sighting

    from decisions
    where identifier_b is not null

),

known as (

    select
        identifier_hash,
        min(identifier_type) as identifier_type,
        min(first_known_at) as first_known_at,
        min(first_sighting) as first_sighting

    from named
    group by identifier_hash

),

final as (

    select
        cast(row_number() over (
            order by known.first_sighting nulls last, known.priority, known.identifier_hash
        ) as integer) as identifier_number,
        known.identifier_hash,
        known.identifier_type,
        known.priority,
        known.is_login,
        known.seen_with_limit,
        known.first_known_at,
        listed.reason as listed_reason

    from {{ typed_identifiers('known') }} as known
    left join listed on known.identifier_hash = listed.identifier_hash

)

select * from final
