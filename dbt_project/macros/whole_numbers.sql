-- Exact integers: the arithmetic of friction points. The engines differ only in these.

-- A whole number wide enough for micro-points times decay weights (96 of 126 bits).
{% macro wide(expression) -%}{{ return(adapter.dispatch('wide')(expression)) }}{%- endmacro %}
{% macro duckdb__wide(expression) -%}cast({{ expression }} as hugeint){%- endmacro %}
{% macro spark__wide(expression) -%}cast({{ expression }} as decimal(38, 0)){%- endmacro %}

-- A div b, rounded down; neither is negative.
{% macro div(a, b) -%}{{ return(adapter.dispatch('div')(a, b)) }}{%- endmacro %}
{% macro duckdb__div(a, b) -%}(({{ a }}) // ({{ b }})){%- endmacro %}
{% macro spark__div(a, b) -%}cast((({{ a }}) - ({{ a }}) % ({{ b }})) / ({{ b }}) as decimal(38, 0)){%- endmacro %}

-- Whole seconds since 1970, rounded down.
{% macro epoch_second(moment) -%}{{ return(adapter.dispatch('epoch_second')(moment)) }}{%- endmacro %}
{% macro duckdb__epoch_second(moment) -%}(epoch_us({{ moment }}) // 1000000){%- endmacro %}
{% macro spark__epoch_second(moment) -%}unix_seconds({{ moment }}){%- endmacro %}

-- The last value before this row that is not null; `history` is a named window ending at 1 preceding.
{% macro last_known(expression, history) -%}
{{ return(adapter.dispatch('last_known')(expression, history)) }}
{%- endmacro %}
{% macro duckdb__last_known(expression, history) -%}
last_value({{ expression }} ignore nulls) over {{ history }}
{%- endmacro %}
{% macro spark__last_known(expression, history) -%}
last_value({{ expression }}) ignore nulls over {{ history }}
{%- endmacro %}

-- A CTE that is worked out before it is joined; without it DuckDB joins on less than the key.
{% macro stored() -%}{{ return(adapter.dispatch('stored')()) }}{%- endmacro %}
{% macro duckdb__stored() -%}as materialized{%- endmacro %}
{% macro spark__stored() -%}as{%- endmacro %}
