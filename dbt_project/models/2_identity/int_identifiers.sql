-- One row per identifier that this build works on, numbered as the log came to know them: a customer is named
-- after the member with the smallest number. Identifiers that only a decision names come last: they link,
-- and name nobody.

with

sightings as (

    select * from {{ ref('int_first_sightings') }}
    {{ of_identifiers('identifier_hash') }}

),

decisions as (

    select * from {{ ref('stg_identity_decisions') }}

),

listed as (

    select * from {{ ref('stg_blocked_identifiers') }}

),

decided as (

    select
        identifier_a as identifier_hash,
        type_a as identifier_type

    from decisions
    {{ of_identifiers('identifier_a') }}

    union

    select
        identifier_b as identifier_hash,
        type_b as identifier_type

    from decisions
    {{ of_identifiers('identifier_b') }}

),

known as (

    select
        identifier_hash,
        identifier_type,
        first_known_at,
        first_sighting

    from sightings
    where not is_erased

    union all

    select
        decided.identifier_hash,
        min(decided.identifier_type) as identifier_type,
        cast(null as timestamp) as first_known_at,
        null as first_sighting

    from decided
    left join sightings on decided.identifier_hash = sightings.identifier_hash
    where decided.identifier_hash is not null and sightings.identifier_hash is null
    group by decided.identifier_hash

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
        known.first_known_at,
        listed.reason as listed_reason

    from {{ typed_identifiers('known') }} as known
    left join listed on known.identifier_hash = listed.identifier_hash

)

select * from final
