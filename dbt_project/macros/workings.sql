-- What the materializations that work in rounds share: tables of one run, and how far a round got.

{% macro temporary_table(name, sql) %}
    {% do run_query("create or replace temporary table " ~ name ~ " as " ~ sql) %}
{% endmacro %}

-- The one number that a query gives.
{% macro count_of(sql) %}
    {{ return(run_query(sql).columns[0].values()[0] | int) }}
{% endmacro %}
