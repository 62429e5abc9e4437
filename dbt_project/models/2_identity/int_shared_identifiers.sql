-- One row per identifier that was seen with more people, numbers or devices than one person has, and
-- since when: from then on it links nobody. An account may be seen with more than others
-- may.

with

pairs as (

    select
        identifier_a as identifier_hash,
        identifier_b as neighbour,
        first_known_at

    from {{ ref('int_identifier_pairs') }}
    {{ of_identifiers('identifier_a', 'is_seen_anew') }}

    union all

    select
        identifier_b as identifier_hash,
        identifier_a as neighbour,
        first_known_at

    from {{ ref('int_identifier_pairs') }}
    {{ of_identifiers('identifier_b', 'is_seen_anew') }}

),

listed as (

    select * from {{ ref('stg_blocked_identifiers') }}

),

sightings as (

    select * from {{ ref('int_first_sightings') }}

),

accounts as (

    select sightings.identifier_hash
    from sightings
    inner join {{ ref('identifier_types') }} as types
        on sightings.identifier_type = types.identifier_type
    where types.is_account

),

limits as (

    select min(seen_with_limit) as smallest from {{ ref('identifier_types') }}

),

-- Most identifiers were seen with too few others for any limit.
much_seen as (

    select identifier_hash

    from pairs
    group by identifier_hash
    having count(*) > (select limits.smallest from limits)

),

neighbours as (

    select
        pairs.identifier_hash,
        pairs.neighbour,
        pairs.first_known_at as known_from,
        sightings.identifier_type,
        accounts.identifier_hash is not null as is_account

    from pairs
    inner join much_seen on pairs.identifier_hash = much_seen.identifier_hash
    inner join sightings on pairs.neighbour = sightings.identifier_hash
    left join accounts on pairs.identifier_hash = accounts.identifier_hash
    left join listed on pairs.identifier_hash = listed.identifier_hash
    left join listed as listed_neighbours
        on pairs.neighbour = listed_neighbours.identifier_hash
    where listed.identifier_hash is null and listed_neighbours.identifier_hash is null

),

counted as (

    select
        identifier_hash,
        identifier_type as neighbour_type,
        case when is_account then account_limit else seen_with_limit end as seen_with_limit,
        known_from,
        row_number() over (
            partition by identifier_hash, identifier_type
            order by known_from, neighbour
        ) as neighbour_count

    from {{ typed_identifiers('neighbours') }}

),

found as (

    select
        identifier_hash,
        known_from as shared_from,
        concat('seen with more than ', seen_with_limit, ' of ', neighbour_type) as reason

    from counted
    where neighbour_count = seen_with_limit + 1
    qualify row_number() over (partition by identifier_hash order by known_from, neighbour_type) = 1

),

final as (

    select * from found
    {%- if var('scope') == 'slice' %}

    union all

    -- Affected, and not by being seen with others.
    select
        identifier_hash,
        shared_from,
        reason

    from {{ target.schema }}.int_shared_identifiers
    {{ of_identifiers('identifier_hash') }}
    and identifier_hash not in (
        select affected.identifier_hash from {{ ref('int_affected_identifiers') }} as affected
        where affected.is_seen_anew
    )
    {%- endif %}

)

select * from final
