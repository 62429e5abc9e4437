-- One row per identifier that links nobody: listed as such, or seen with more people than one has.

with

sets as (

    select * from {{ typed_identifiers(ref('int_identifier_sets')) }}

),

identifiers as (

    select distinct
        identifier_hash,
        identifier_type

    from {{ ref('stg_identifiers') }}

),

listed as (

    select * from {{ ref('stg_blocked_identifiers') }}

),

usable as (

    select sets.*

    from sets
    left join listed on sets.identifier_hash = listed.identifier_hash
    where listed.identifier_hash is null

),

neighbours_counted as (

    select
        usable.identifier_hash,
        usable.identifier_type,
        neighbours.identifier_type as neighbour_type,
        min(neighbours.seen_with_limit) as seen_with_limit,
        count(distinct neighbours.identifier_hash) as neighbour_count

    from usable
    inner join usable as neighbours
        on
            usable.set_id = neighbours.set_id
            and usable.identifier_hash != neighbours.identifier_hash
    group by
        usable.identifier_hash,
        usable.identifier_type,
        neighbours.identifier_type

),

shared as (

    select
        identifier_hash,
        identifier_type,
        'seen with more than ' || min_by(seen_with_limit, neighbour_type)
        || ' of ' || min(neighbour_type) as reason

    from neighbours_counted
    where neighbour_count > seen_with_limit
    group by
        identifier_hash,
        identifier_type

),

final as (

    select
        identifiers.identifier_hash,
        min(identifiers.identifier_type) as identifier_type,
        min(listed.reason) as reason,
        true as is_listed

    from identifiers
    inner join listed on identifiers.identifier_hash = listed.identifier_hash
    group by identifiers.identifier_hash

    union all

    select
        identifier_hash,
        identifier_type,
        reason,
        false as is_listed

    from shared

)

select * from final
