-- One row per member of each set of identifiers seen on some event, alone or together, and when the log
-- knew first: an event counts from when it was recorded and has occurred. Events repeat few sets, so
-- what follows works on far fewer rows than there are events.

with

events as (

    select
        event_id,
        greatest(recorded_at, occurred_at) as known_from,
        -- What stands in for the identifier of an erased person names nobody. In the order of the
        -- source: a set in two orders stands here twice, and links the same.
        list_filter(identifiers, lambda i: i.hash is not null and i.problem is null) as members

    from {{ ref('stg_log_events') }}
    where source != 'decisions'

),

repeated as (

    select
        members,
        min(known_from) as first_known_at,
        min({{ sighting('known_from', 'event_id') }}) as first_sighting

    from events
    where len(members) > 0
    group by members

),

numbered as (

    select
        -- Tells sets apart, and nothing else: any order will do.
        row_number() over () as set_number,
        list_distinct(members) as members,
        first_known_at,
        first_sighting

    from repeated

),

members_listed as (

    select
        set_number,
        len(members) as member_count,
        unnest(members) as member,
        first_known_at,
        first_sighting

    from numbered

),

final as (

    select
        set_number,
        member_count,
        member.hash as identifier_hash,
        member.type as identifier_type,
        first_known_at,
        first_sighting

    from members_listed

)

select * from final
