-- One row per copy of an event that is not the first recorded: the copies that do not count.

{{ config(materialized='table') }}

with

events as (

    select
        event_id,
        batch_id,
        recorded_at

    from {{ source('event_log', 'events') }}
    where record_type != 'batch'

),

repeated as (

    select
        event_id,
        min(struct_pack(recorded_at := recorded_at, batch_id := batch_id)) as first_copy

    from events
    group by event_id
    having count(*) > 1

),

final as (

    select
        events.event_id,
        events.batch_id

    from events
    inner join repeated on events.event_id = repeated.event_id
    where events.batch_id != repeated.first_copy.batch_id

)

select * from final
