-- One row per identifier that was seen with more people, numbers or devices than one person has, and
-- since when: from then on it links nobody.

with

members as (

    select * from {{ ref('int_set_members') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

limits as (

    select min(seen_with_limit) as smallest from {{ ref('identifier_types') }}

),

-- Most identifiers were seen with too few others for any limit.
much_seen as (

    select identifier_number

    from members
    group by identifier_number
    having sum(member_count - 1) > (select limits.smallest from limits)

),

neighbours as (

    select
        own.identifier_number,
        others.identifier_number as neighbour,
        min(own.first_known_at) as known_from

    from members as own
    inner join much_seen on own.identifier_number = much_seen.identifier_number
    inner join members as others
        on
            own.set_number = others.set_number
            and own.identifier_number != others.identifier_number
    group by
        own.identifier_number,
        others.identifier_number

),

counted as (

    select
        neighbours.identifier_number,
        identifiers.identifier_type as neighbour_type,
        identifiers.seen_with_limit,
        neighbours.known_from,
        row_number() over (
            partition by neighbours.identifier_number, identifiers.identifier_type
            order by neighbours.known_from, neighbours.neighbour
        ) as neighbour_count

    from neighbours
    inner join identifiers on neighbours.neighbour = identifiers.identifier_number

),

final as (

    select
        identifier_number,
        known_from as shared_from,
        concat('seen with more than ', seen_with_limit, ' of ', neighbour_type) as reason

    from counted
    where neighbour_count = seen_with_limit + 1
    qualify row_number() over (partition by identifier_number order by known_from, neighbour_type) = 1

)

select * from final
