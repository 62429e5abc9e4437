-- One row per copy of an event that is not the first recorded: the copies that do not count.
-- noqa: disable=LT02

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='event_id') }}

with

events as (

    select
        event_id,
        batch_id,
        recorded_at

    from {{ source('event_log', 'events') }}
    where
        record_type != 'batch'
        {%- if var('scope') == 'slice' %}
        -- Others have as many copies as before.
        and event_id in (
            select fresh.event_id from {{ source('event_log', 'events') }} as fresh
            where fresh.batch_id in ({{ new_batches() }})
        )
        {%- endif %}

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
