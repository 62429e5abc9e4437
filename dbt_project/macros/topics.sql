-- What a contact or a promise is about. An order, ticket, appointment or visit is the same whoever
-- speaks of it, so that a message to another of the household's addresses is about it too; any
-- other issue is its customer's.
{% macro topic(customer_id, issue_id) -%}
case
    when split_part({{ issue_id }}, ':', 1) in ('order', 'ticket', 'appointment', 'visit') then {{ issue_id }}
    else {{ customer_id }} || '/' || {{ issue_id }}
end
{%- endmacro %}
