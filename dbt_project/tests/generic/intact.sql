-- Rows in which a column of `filled` or `unique` is null, and values of a column of `unique` that
-- several rows share: one test a model, because starting a test costs more than most of them do.
-- noqa: disable=LT02
{% test intact(model, unique=[], filled=[]) %}

select 'null' as problem from {{ model }}
where
    {% for column in unique + filled -%}
        {{ column }} is null{{ ' or' if not loop.last }}
    {% endfor %}

{% for column in unique -%}
union all

select '{{ column }}' as problem from {{ model }}
where {{ column }} is not null
group by {{ column }}
having count(*) > 1

{% endfor %}
{% endtest %}
