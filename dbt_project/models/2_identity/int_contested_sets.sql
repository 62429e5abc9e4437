-- One row per member of each set of contested identifiers, and each time that the log learned of an
-- earlier occurrence of the set; with how many events show it.

with

identifiers as (

    select
        event_id,
        identifier_hash,
        occurred_at,
        greatest(recorded_at, occurred_at) as known_from

    from {{ ref('stg_identifiers') }}

),

contested as (

    select * from {{ ref('int_contested_identifiers') }}
    where listed_reason is null

),

gathered as (

    select
        identifiers.event_id,
        contested.closure,
        list(contested.identifier_number order by contested.identifier_number) as members,
        min(identifiers.known_from) as known_from,
        min(identifiers.occurred_at) as occurred_at

    from identifiers
    inner join contested on identifiers.identifier_hash = contested.identifier_hash
    where contested.shared_from is null or contested.shared_from > identifiers.known_from
    group by
        identifiers.event_id,
        contested.closure
    having count(*) > 1

),

steps as (

    select
        event_id as step_id,
        closure,
        members,
        known_from,
        occurred_at,
        count(*) over (partition by closure, members) as event_count,
        coalesce(occurred_at < min(occurred_at) over earlier, true) as is_earliest

    from gathered

    window earlier as (
        partition by closure, members
        order by known_from, occurred_at, event_id
        rows between unbounded preceding and 1 preceding
    )

),

final as (

    select
        step_id,
        closure,
        unnest(members) as identifier_number,
        known_from,
        occurred_at,
        event_count

    from steps
    where is_earliest

)

select * from final
