-- One row per event with a cookie: the device, also one that an erased person shared.

with

events as (

    select
        event_id,
        unnest(identifiers) as identifier

    from {{ ref('stg_events') }}

),

final as (

    select
        event_id,
        min(identifier.hash) as device_id

    from events
    where identifier.type = 'cookie' and identifier.hash is not null
    group by event_id

)

select * from final
