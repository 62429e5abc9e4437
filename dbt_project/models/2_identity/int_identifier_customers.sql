-- One row per identifier that names somebody: whom. A customer is named after the member that the
-- log recorded first, so a late link does not rename it.

with

identifiers as (

    select * from {{ typed_identifiers(ref('stg_identifiers')) }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

linked as (

    select * from {{ ref('int_linked_identifiers') }}

),

first_recorded as (

    select
        identifiers.identifier_hash,
        identifiers.identifier_type,
        identifiers.priority,
        min(identifiers.recorded_at) as first_recorded_at,
        min_by(identifiers.event_id, struct_pack(
            recorded_at := identifiers.recorded_at, event_id := identifiers.event_id
        )) as first_event_id

    from identifiers
    left join blocked on identifiers.identifier_hash = blocked.identifier_hash
    where blocked.identifier_hash is null
    group by
        identifiers.identifier_hash,
        identifiers.identifier_type,
        identifiers.priority

),

in_components as (

    select
        first_recorded.*,
        coalesce(linked.component, first_recorded.identifier_hash) as component

    from first_recorded
    left join linked on first_recorded.identifier_hash = linked.identifier_hash

),

final as (

    select
        identifier_hash,
        identifier_type,
        first_value(identifier_hash) over (
            partition by component
            order by first_recorded_at, first_event_id, priority, identifier_hash
        ) as customer_id,
        priority,
        first_recorded_at,
        row_number() over (
            order by first_recorded_at, first_event_id, priority, identifier_hash
        ) as naming_number

    from in_components

)

select * from final
