-- The rows of every mapped source, one branch an interaction: the SQL comes compiled from the
-- mapping that stands in the log (ingestion.sources.mapped.staging), so that the gate and
-- staging read a row in one and the same way. `events`: another relation than those that this build
-- works on; `latest`: of each record its latest version alone.
{#- `stating`: only the interactions that state this column. #}
{% macro mapped_rows(columns, events=none, latest=true, stating=none) -%}
{%- set written = namespace(any=false) %}
{%- for mapping in var('mappings') %}{%- for interaction in mapping.interactions %}
{%- if stating is none or interaction.columns[stating] != 'null::varchar' %}
{%- if written.any %}

union all
{% endif %}{% set written.any = true %}
select
    event_id,
    source,
    record_type,
    record_key,
    recorded_at,
    cast({{ interaction.position }} as integer) as position,
    {%- for column in columns %}
    {{ interaction.columns[column] }} as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}

from (
    select
        *,
        from_json(payload, '{{ mapping.structure | replace("'", "''") }}') as r

    from {{ log_events(mapping.source, [mapping.record], events) }} as recorded
    {{ latest_version() if latest }}
) as parsed
where {{ interaction.where }}
{%- endif %}
{%- endfor %}{%- endfor %}
{%- endmacro %}
