-- How the identity layer names things in time.

-- A number by which events are known in order: from when, then the id of the event.
{% macro sighting(known_from, event_id) -%}
cast(epoch_us({{ known_from }}) as hugeint) * 1152921504606846976
+ cast(concat('0x', left({{ event_id }}, 15)) as bigint)
{%- endmacro %}

-- An identifier at a moment, as one number.
{% macro at_moment(moment_number, identifier_number) -%}
cast({{ moment_number }} as bigint) * 4294967296 + {{ identifier_number }}
{%- endmacro %}

{% macro identifier_at(node) -%}
{{ node }} % 4294967296
{%- endmacro %}
