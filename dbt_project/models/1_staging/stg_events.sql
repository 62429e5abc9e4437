-- One row per event that this build works on: all of the log's, or those of the customers that
-- something new affects.
-- noqa: disable=LT02

{{ config(materialized='view' if var('scope') == 'full' else 'table') }}

{% if var('scope') == 'slice' -%}
{{ known_events(affected_log_rows(source('event_log', 'events'), ref('stg_affected_events'))) }}
{%- else %}
-- depends_on: {{ ref('stg_affected_events') }}
select * from {{ ref('stg_log_events') }}
{%- endif %}
