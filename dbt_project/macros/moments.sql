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

-- An identifier at a moment, as one number.
{% macro at_moment(moment_number, identifier_number) -%}
cast({{ moment_number }} as bigint) * 4294967296 + {{ identifier_number }}
{%- endmacro %}

{% macro identifier_at(node) -%}
{{ node }} % 4294967296
{%- endmacro %}
