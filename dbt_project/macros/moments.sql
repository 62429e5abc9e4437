-- How the identity layer names things in time.

-- A number by which events are known in order: from when, then the id of the event.
{% macro sighting(known_from, event_id) -%}
{{ wide(epoch_micros(known_from)) }} * 1152921504606846976
+ {{ hex_number('left(' ~ event_id ~ ', 15)') }}
{%- endmacro %}

-- The number that at most 15 hexadecimal digits write.
{% macro hex_number(text) -%}{{ return(adapter.dispatch('hex_number')(text)) }}{%- endmacro %}
{% macro duckdb__hex_number(text) -%}cast(concat('0x', {{ text }}) as bigint){%- endmacro %}
{% macro spark__hex_number(text) -%}cast(conv({{ text }}, 16, 10) as bigint){%- endmacro %}

-- How rows are ordered that are numbered only to tell them apart: DuckDB numbers them as they come;
-- Spark, which may work a row out again, by `columns`.
{% macro in_any_order(columns) -%}{{ return(adapter.dispatch('in_any_order')(columns)) }}{%- endmacro %}
{% macro duckdb__in_any_order(columns) -%}{%- endmacro %}
{% macro spark__in_any_order(columns) -%}order by {{ columns }}{%- endmacro %}

-- An identifier at a moment, as one number.
{% macro at_moment(moment_number, identifier_number) -%}
cast({{ moment_number }} as bigint) * 4294967296 + {{ identifier_number }}
{%- endmacro %}

{% macro identifier_at(node) -%}
{{ node }} % 4294967296
{%- endmacro %}
