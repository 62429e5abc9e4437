-- The UTC instant of a CSV time: by its own offset, else on the wall clock of the declared zone.
{% macro declared_instant(value, zone) -%}
case
    when regexp_matches({{ value }}, '\d:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2})?)\s*$')
        then cast(cast({{ value }} as timestamptz) as timestamp)
    else {{ utc_instant('cast(' ~ value ~ ' as timestamp)', zone) }}
end
{%- endmacro %}
