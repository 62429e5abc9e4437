-- How models read the event log: by source and record type, and by latest version.

-- The text of a model of the events that the run knows of and that have occurred: as first recorded, known by
-- its known_at, occurred by its as_of. `only`: a query that gives some of the log's rows; the others are
-- passed over as they are read, before a planner that takes the log for empty can put all of it into memory.
{% macro known_events(only=none) -%}
with

events {{ stored() if only else 'as' }} (

    {{ only or 'select * from ' ~ source('event_log', 'events') }}

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
        events.record_type != 'batch'
        and repeated.event_id is null
        and events.recorded_at <= (select run.known_at from run)
        and (
            events.occurred_at <= (select run.as_of from run)
            {%- if not var('as_of') %}
            or events.source = 'decisions'
            {%- endif %}
        )

)

select * from final
{%- endmacro %}

-- The events of one source, each once, as known and occurred by the run's two times; all versions.
-- `events`: another relation than those that this build works on.
{% macro log_events(source, record_types, events=none) -%}
(
    select * from {{ events or ref('stg_events') }}
    where
        source = '{{ source }}'
        and record_type in ('{{ record_types | join("', '") }}')
)
{%- endmacro %}

-- A qualify clause that keeps the latest version of each record.
{% macro latest_version() -%}
qualify row_number() over (
    partition by record_type, record_key
    order by version_rank desc, recorded_at desc, event_id desc
) = 1
{%- endmacro %}
