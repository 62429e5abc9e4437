-- Rows in which one of the columns is null: one reading of the model for all of them.
{% test never_null(model, columns) %}

select * from {{ model }}
where
    {% for column in columns -%}
        {{ column }} is null{{ ' or' if not loop.last }}
    {% endfor %}

{% endtest %}
