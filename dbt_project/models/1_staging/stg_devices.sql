-- One row per event with a device: its cookie, else another name of it; also one that an erased person
-- shared.

with

events as (

    select
        event_id,
        unnest(identifiers) as identifier

    from {{ ref('stg_events') }}

),

devices as (

    select identifier_type from {{ ref('identifier_types') }}
    where is_device

),

final as (

    select
        event_id,
        coalesce(
            min(case when identifier.type = 'cookie' then identifier.hash end), min(identifier.hash)
        ) as device_id

    from events
    where
        identifier.hash is not null
        and identifier.type in (select devices.identifier_type from devices)
    group by event_id

)

select * from final
