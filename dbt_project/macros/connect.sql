-- How the attributes of Amazon Connect contacts are read.

-- Contact attributes are named by whoever builds the contact flows: which names mean what. The first
-- name that holds a value wins. Names are compared with case; no two may differ by it alone. The
-- variable `connect_attributes` states others.
{% macro connect_attributes() %}
    {%- set defaults = {
        'order': ['order_id', 'order_name', 'order_number', 'orderId'],
        'ticket': ['ticket_id', 'zendesk_ticket_id', 'ticketId'],
        'appointment': ['appointment_id', 'appointmentId'],
        'reason': ['reason', 'contact_reason', 'intent'],
        'outcome': ['outcome', 'disposition'],
        'resolved': ['resolved', 'is_resolved'],
        'context': ['context_carried', 'context', 'context_summary', 'transfer_summary'],
        'transfer': ['transfer_type'],
        'location': ['location_id', 'store_id'],
    } %}
    {%- set stated = var('connect_attributes', {}) %}
    {{ return(dict(defaults, **stated) if stated is mapping else defaults) }}
{% endmacro %}

-- The value of an attribute by its meaning, of a contact `r`, typed with `Attributes`.
{% macro connect_attribute(meaning) -%}
coalesce(
    {%- for name in connect_attributes()[meaning] -%}
    nullif(trim(r.attributes.{{ name }}), ''){{ ', ' if not loop.last }}
    {%- endfor -%}
)
{%- endmacro %}
