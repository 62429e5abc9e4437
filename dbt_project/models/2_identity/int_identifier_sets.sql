-- One row per member of each set of identifiers seen on some event, alone or together, and when the log
-- knew first: an event counts from when it was recorded and has occurred. Events repeat few sets, so
-- what follows works on far fewer rows than there are events.

with

events as (

    select
        event_id,
        greatest(recorded_at, occurred_at) as known_from,
        -- Text groups twice as fast as a list does; the order of the source is good enough.
        array_to_string(
            list_transform(
                -- What stands in for the identifier of an erased person names nobody.
                list_filter(identifiers, lambda i: i.hash is not null and i.problem is null),
                lambda i: concat(i.hash, ':', i.type)
            ),
            ' '
        ) as members

    from {{ ref('stg_log_events') }}
    where source != 'decisions'

),

repeated as (

    select
        members,
        min(event_id) as set_id,
        min(known_from) as first_known_at,
        min({{ sighting('known_from', 'event_id') }}) as first_sighting

    from events
    where members != ''
    group by members

),

split as (

    select
        set_id,
        list_distinct(string_split(members, ' ')) as members,
        first_known_at,
        first_sighting

    from repeated

),

members_listed as (

    select
        set_id,
        len(members) as member_count,
        unnest(members) as member,
        first_known_at,
        first_sighting

    from split

),

final as (

    select
        -- The first event with these identifiers: no other set has it.
        set_id,
        member_count,
        split_part(member, ':', 1) as identifier_hash,
        substr(member, strpos(member, ':') + 1) as identifier_type,
        first_known_at,
        first_sighting

    from members_listed

)

select * from final
