-- One row per member of each set of identifiers seen together on some event. Events repeat few sets,
-- so what follows works on far fewer rows than there are events.

with

identifiers as (

    select * from {{ ref('stg_identifiers') }}

),

gathered as (

    select
        list(
            struct_pack(identifier_hash := identifier_hash, identifier_type := identifier_type)
            order by identifier_hash
        ) as members,
        min(occurred_at) as occurred_at,
        min(recorded_at) as recorded_at,
        event_id

    from identifiers
    group by event_id
    having count(*) > 1

),

repeated as (

    select
        members,
        min(occurred_at) as first_occurred_at,
        min(recorded_at) as first_recorded_at,
        min(event_id) as event_id,
        count(*) as event_count

    from gathered
    group by members

),

members_listed as (

    select
        -- The first event with these identifiers: no other set has it.
        event_id as set_id,
        unnest(members) as member,
        first_occurred_at,
        first_recorded_at,
        event_count

    from repeated

),

final as (

    select
        set_id,
        member.identifier_hash,
        member.identifier_type,
        first_occurred_at,
        first_recorded_at,
        event_count

    from members_listed

)

select * from final
