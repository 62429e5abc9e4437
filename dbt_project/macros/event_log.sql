-- How models read the event log: by source and record type, and by latest version.

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
