-- dbt's own `ref`, overridden for slices (see slices.sql). The SQL linter passes this file over: it has
-- no project graph.

-- A model outside of the slice reads the merged table of one inside it; so does a test of such a model.
{% macro ref() %}
    {%- set relation = builtins.ref(*varargs, **kwargs) -%}
    {%- if execute and is_sliced(relation.schema) and reads_merged(relation.schema) -%}
        {{ return(relation.incorporate(path={'schema': target.schema})) }}
    {%- endif -%}
    {{ return(relation) }}
{% endmacro %}
