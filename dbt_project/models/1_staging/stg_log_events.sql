-- One row per event: as first recorded, known by the run's known_at, occurred by its as_of.

with

events as (

    select * from {{ source('event_log', 'events') }}
    where record_type != 'batch'

),

repeated as (

    select * from {{ ref('stg_repeated_events') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        events.event_id,
        events.source,
        events.record_type,
        events.record_key,
        events.record_version,
        events.version_rank,
        events.occurred_at,
        events.recorded_at,
        events.batch_id,
        events.schema_version,
        events.identifiers,
        events.flags,
        events.payload

    from events
    left join repeated
        on
            events.event_id = repeated.event_id
            and events.batch_id = repeated.batch_id
    where
        repeated.event_id is null
        and events.recorded_at <= (select run.known_at from run)
        and (
            events.occurred_at <= (select run.as_of from run)
            {% if not var('as_of') %}or events.source = 'decisions'{% endif %}
        )

)

select * from final
