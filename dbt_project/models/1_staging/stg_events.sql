-- One row per event that this build works on: all of the log's, or those of the customers that
-- something new affects.
-- noqa: disable=LT02

{{ config(materialized='view' if var('scope') == 'full' else 'table') }}

{% if var('scope') == 'slice' -%}
{%- set affected -%}
{{ key_number('event_id') }} in (
    select affected.event_number from {{ ref('stg_affected_events') }} as affected
)
{%- endset -%}
{{ known_events(affected) }}
{%- else %}
-- depends_on: {{ ref('stg_affected_events') }}
select * from {{ ref('stg_log_events') }}
{%- endif %}
