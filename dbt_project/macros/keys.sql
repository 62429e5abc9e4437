-- How keys are minted: from the source's own ids, never from a row number.

-- A text key of the given SQL expressions; null counts as empty text.
{% macro surrogate_key(expressions) -%}
md5(concat_ws(chr(31){% for e in expressions %}, coalesce(cast({{ e }} as string), ''){% endfor %}))
{%- endmacro %}

-- The id of an interaction: the same for all versions of its record.
{% macro interaction_id() -%}
{{ surrogate_key(['source', 'record_type', 'record_key', 'position']) }}
{%- endmacro %}
