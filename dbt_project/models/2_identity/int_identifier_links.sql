-- One row per pair of identifiers seen together on an event, ranked from the strongest link.
-- An event's identifiers are linked through its strongest one, so k identifiers make k - 1 links.

with

identifiers as (

    select * from {{ typed_identifiers(ref('int_identifier_sets')) }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

centred as (

    select
        identifiers.*,
        first_value(identifiers.identifier_hash) over strongest as centre_hash,
        first_value(identifiers.identifier_type) over strongest as centre_type,
        first_value(identifiers.priority) over strongest as centre_priority,
        first_value(identifiers.is_login) over strongest as centre_is_login

    from identifiers
    left join blocked on identifiers.identifier_hash = blocked.identifier_hash
    where blocked.identifier_hash is null

    window strongest as (
        partition by identifiers.set_id
        order by identifiers.priority, identifiers.identifier_hash
    )

),

linked as (

    select
        centre_hash,
        identifier_hash,
        min(centre_type) as centre_type,
        min(identifier_type) as identifier_type,
        bool_or(centre_is_login) as centre_is_login,
        bool_or(is_login) as is_login,
        min(centre_priority) as centre_priority,
        min(priority) as priority,
        min(first_occurred_at) as first_occurred_at,
        min(first_recorded_at) as first_recorded_at,
        min(set_id) as event_id,
        cast(sum(event_count) as bigint) as event_count

    from centred
    where identifier_hash != centre_hash
    group by
        centre_hash,
        identifier_hash

),

final as (

    select
        centre_hash as identifier_a,
        centre_type as type_a,
        centre_is_login as is_login_a,
        identifier_hash as identifier_b,
        identifier_type as type_b,
        is_login as is_login_b,
        first_occurred_at,
        first_recorded_at,
        event_id,
        event_count,
        -- By the weaker end's type, then the first seen: who used a device first keeps it.
        row_number() over (
            order by
                greatest(centre_priority, priority),
                least(centre_priority, priority),
                first_occurred_at,
                centre_hash,
                identifier_hash
        ) as link_rank

    from linked

)

select * from final
