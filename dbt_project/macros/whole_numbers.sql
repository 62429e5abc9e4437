-- Exact integers: the arithmetic of friction points. The engines differ only in these.

-- A whole number wide enough for micro-points times decay weights (96 of 126 bits).
{% macro wide(expression) -%}{{ return(adapter.dispatch('wide')(expression)) }}{%- endmacro %}
{% macro duckdb__wide(expression) -%}cast({{ expression }} as hugeint){%- endmacro %}
{% macro spark__wide(expression) -%}cast({{ expression }} as decimal(38, 0)){%- endmacro %}

-- A div b, rounded down; neither is negative.
{% macro div(a, b) -%}{{ return(adapter.dispatch('div')(a, b)) }}{%- endmacro %}
{% macro duckdb__div(a, b) -%}(({{ a }}) // ({{ b }})){%- endmacro %}
{% macro spark__div(a, b) -%}
{#- Without a remainder its decimal division is exact; `div` is not, beyond 64 bits. -#}
cast(({{ wide(a) }} - {{ wide(a) }} % {{ wide(b) }}) / {{ wide(b) }} as decimal(38, 0))
{%- endmacro %}

-- A div 2^bits, rounded down: a division of wide numbers costs as much as writing a column of text.
{% macro halved(a, bits) -%}{{ return(adapter.dispatch('halved')(a, bits)) }}{%- endmacro %}
{% macro duckdb__halved(a, bits) -%}(({{ a }}) >> ({{ bits }})){%- endmacro %}
{% macro spark__halved(a, bits) -%}
{%- set b = 'cast(power(2, ' ~ bits ~ ') as decimal(38, 0))' -%}
cast(({{ wide(a) }} - ({{ wide(a) }} % {{ b }} + {{ b }}) % {{ b }}) / {{ b }} as decimal(38, 0))
{%- endmacro %}

-- A div B within 1 of it, for wide numbers whose quotient is below 2^50: exact once `quotient_off` is
-- added, where `rest` is A less this quotient times B. Much cheaper than a division of wide numbers.
{% macro near_quotient(a, b) -%}
cast(floor(cast({{ a }} as double) / cast({{ b }} as double)) as bigint)
{%- endmacro %}
{% macro quotient_off(rest, b) -%}
case when {{ rest }} < 0 then -1 when {{ rest }} >= {{ b }} then 1 else 0 end
{%- endmacro %}

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

-- An aggregate of the rows of a window for which a condition holds. DuckDB shares a filtered expression
-- among several, and copies every `case`.
{% macro over_those(aggregate, expression, condition, history) -%}
{{ return(adapter.dispatch('over_those')(aggregate, expression, condition, history)) }}
{%- endmacro %}
{% macro duckdb__over_those(aggregate, expression, condition, history) -%}
{{ aggregate }}({{ expression }}) filter (where {{ condition }}) over {{ history }}
{%- endmacro %}
{% macro spark__over_those(aggregate, expression, condition, history) -%}
{{ aggregate }}(case when {{ condition }} then {{ expression }} end) over {{ history }}
{%- endmacro %}

-- A CTE that is worked out before it is joined; without it DuckDB joins on less than the key.
{% macro stored() -%}{{ return(adapter.dispatch('stored')()) }}{%- endmacro %}
{% macro duckdb__stored() -%}as materialized{%- endmacro %}
{% macro spark__stored() -%}as{%- endmacro %}
