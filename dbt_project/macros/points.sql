-- Micro-points as published points, exact.
{% macro as_points(micro) -%}
cast(cast({{ micro }} as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(18, 6))
{%- endmacro %}
