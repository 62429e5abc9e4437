-- Whom the tables for everybody are about: customers from outside, and nobody in particular. No database is named, for views in a
-- warehouse that is attached under another name.
{% macro is_external(customer_id) -%}
(
        {{ customer_id }} is null
        or {{ customer_id }} not in (
            select internal_customers.customer_id
            from {{ ref('int_internal_customers').include(database=false) }} as internal_customers
        )
    )
{%- endmacro %}

-- The others: the company's own.
{% macro is_internal(customer_id) -%}
{{ customer_id }} in (
        select internal_customers.customer_id
        from {{ ref('int_internal_customers').include(database=false) }} as internal_customers
    )
{%- endmacro %}
