-- The formulas of the friction model, each said once. serving/score_at.py renders this file too.

-- The value of a parameter, among rows of (name, value) grouped into one.
{% macro parameter(name) -%}max(case when name = '{{ name }}' then value end){%- endmacro %}

-- Severity of a ratio, both in millionths: linear between the knots of the rule, rounded down.
{% macro severity(ratio) -%}
cast(
    case
        when {{ ratio }} <= rule.knot_ratio_1 then rule.knot_severity_1
        {%- for upper in range(2, 6) %}
        {%- set lower = upper - 1 %}
        when {{ ratio }} <= rule.knot_ratio_{{ upper }}
            then rule.knot_severity_{{ lower }} + {{ div(
                '(' ~ ratio ~ ' - rule.knot_ratio_' ~ lower ~ ') * (rule.knot_severity_' ~ upper
                ~ ' - rule.knot_severity_' ~ lower ~ ')',
                'rule.knot_ratio_' ~ upper ~ ' - rule.knot_ratio_' ~ lower
            ) }}
        {%- endfor %}
        else rule.knot_severity_5
    end as bigint
)
{%- endmacro %}

-- A decayed sum of one class in weighted micro-points; here, and no earlier, floating point begins.
{% macro quotient(sum, weight) -%}
cast({{ sum }} as double) / cast({{ weight }} as double)
{%- endmacro %}

-- Points of the quotients of the classes short, base and long, added in this order.
{% macro points(short, base, long) -%}
({{ short }} + {{ base }} + {{ long }}) / cast(1000000 as double)
{%- endmacro %}

-- The credit that counts, of the columns friction and credit_balance.
{% macro credit_applied() -%}
least(credit_balance, cast(rule.credit_cap_pct as double) / cast(100 as double) * friction)
{%- endmacro %}

-- The shadow score, of the columns friction, peak, end_friction and credit_applied.
{% macro rfs() -%}
friction
+ cast(rule.peak_pct as double) / cast(100 as double) * peak
+ cast(rule.end_pct as double) / cast(100 as double) * end_friction
- credit_applied
{%- endmacro %}

-- The level of a score at 4 decimals; floor(x + 0.5) rounds alike on every engine, round() does not.
{% macro level(score) -%}
case
    {%- for n in range(4, 0, -1) %}
    when floor({{ score }} * 10000 + 0.5) >= rule.level_{{ n }} * 10000 then {{ n }}
    {%- endfor %}
    else 0
end
{%- endmacro %}

-- Of crossings in time order, each a list of one struct (signal_number, level, second): the structs of
-- those that no earlier one of them, of the same level or above, precedes by less than `seconds`.
{% macro outside_cool_down(crossings, seconds) -%}
list_reduce({{ crossings }}, lambda kept, next: case
    when len(list_filter(
        kept,
        lambda earlier: earlier.level >= next[1].level and next[1].second - earlier.second < {{ seconds }}
    )) > 0 then kept
    else kept || next
end)
{%- endmacro %}

-- A number of 256ths of a signal's unit in words for people: 5 minutes, 36 hours, 12 days, 2500 ms.
{% macro in_words(value_256, unit) -%}
case
    when {{ unit }} != 's' then concat(cast({{ div(value_256, '256') }} as varchar), ' ', {{ unit }})
    {%- for name, seconds, from_seconds in [('days', 86400, 259200), ('hours', 3600, 10800), ('minutes', 60, 120)] %}
    when {{ value_256 }} >= 256 * {{ from_seconds }}
        then concat(
            cast({{ div(value_256 ~ ' + 128 * ' ~ seconds, '256 * ' ~ seconds) }} as varchar), ' {{ name }}'
        )
    {%- endfor %}
    else concat(cast({{ div(value_256, '256') }} as varchar), ' seconds')
end
{%- endmacro %}

-- The causes of a signal's points, each a line of the ledger where it is not zero.
{% macro ledger_parts() -%}{{ return(['base', 'repeat', 'switch', 'phase', 'credit']) }}{%- endmacro %}

-- The key of a ledger line within one build: it sorts as its signal and then its part.
{% macro line_number(signal_id, part) -%}
{{ signal_id }} * 8 + {{ ledger_parts().index(part) + 1 }}
{%- endmacro %}

-- The number by which a fix is known: a signal at a touchpoint, everywhere or, if it is given, in a location.
-- Two of ten thousand fixes share one in a log out of some 10^11; they would be told as each other.
{% macro fix_number(touchpoint, signal, location_id=none) -%}
{{ key_number(
    "concat_ws(chr(31), '" ~ ('location' if location_id else 'everywhere') ~ "', " ~ touchpoint ~ ", " ~ signal
    ~ (', ' ~ location_id if location_id else '') ~ ')'
) }}
{%- endmacro %}
