-- Clocks: UTC instants as whole microseconds, and local days as whole numbers (0 is 1970-01-01).

-- Microseconds since 1970.
{% macro epoch_micros(moment) -%}{{ return(adapter.dispatch('epoch_micros')(moment)) }}{%- endmacro %}
{% macro duckdb__epoch_micros(moment) -%}epoch_us({{ moment }}){%- endmacro %}
{% macro spark__epoch_micros(moment) -%}unix_micros({{ moment }}){%- endmacro %}

-- The timestamp of so many microseconds since 1970.
{% macro instant(micros) -%}{{ return(adapter.dispatch('instant')(micros)) }}{%- endmacro %}
{% macro duckdb__instant(micros) -%}make_timestamp({{ micros }}){%- endmacro %}
{% macro spark__instant(micros) -%}timestamp_micros({{ micros }}){%- endmacro %}

-- What the clock on the wall of a time zone shows at a UTC instant.
{% macro wall_clock(moment, zone) -%}{{ return(adapter.dispatch('wall_clock')(moment, zone)) }}{%- endmacro %}
{% macro duckdb__wall_clock(moment, zone) -%}timezone({{ zone }}, timezone('UTC', {{ moment }})){%- endmacro %}
{% macro spark__wall_clock(moment, zone) -%}from_utc_timestamp({{ moment }}, {{ zone }}){%- endmacro %}

-- The UTC instant at which the clock on the wall of a time zone shows a time.
{% macro utc_instant(wall_time, zone) -%}{{ return(adapter.dispatch('utc_instant')(wall_time, zone)) }}{%- endmacro %}
{% macro duckdb__utc_instant(wall_time, zone) -%}timezone('UTC', timezone({{ zone }}, {{ wall_time }})){%- endmacro %}
{% macro spark__utc_instant(wall_time, zone) -%}timezone({{ zone }}, {{ wall_time }}){%- endmacro %}

-- The local day of a UTC instant, as a number.
{% macro local_day(moment, zone) -%}
cast(floor({{ epoch_micros(wall_clock(moment, zone)) }} / 86400000000.0) as integer)
{%- endmacro %}

-- The names of all time zones, as a table with a column `name`.
{% macro time_zones() -%}{{ return(adapter.dispatch('time_zones')()) }}{%- endmacro %}
{% macro duckdb__time_zones() -%}pg_timezone_names(){%- endmacro %}
{% macro spark__time_zones() -%}
(select unnest(string_split('{{ adapter.time_zones() if execute }}', ' ')) as name) as zones
{%- endmacro %}
