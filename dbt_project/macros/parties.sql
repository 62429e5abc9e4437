-- Whom the tables for everybody are about: customers from outside.
{% macro is_external(customer_id) -%}
{{ customer_id }} not in (
        select internal_customers.customer_id
        from {{ ref('int_internal_customers') }} as internal_customers
    )
{%- endmacro %}
