-- One row per interaction of any source that occurred by the run's as_of, and whom its event names.

{% set sources = [
    'connect',
    'zendesk',
    'mail',
    'sendgrid',
    'segment',
    'shopify',
    'queue_tickets',
    'appointments',
    'mapped',
] %}

with

interactions as (

    {% for source in sources %}
        select * from {{ ref('stg_' ~ source ~ '__interactions') }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

event_customers as (

    select
        event_id,
        customer_id

    from {{ ref('int_event_customers') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        interactions.*,
        event_customers.customer_id as named_customer_id

    from interactions
    left join event_customers on interactions.event_id = event_customers.event_id
    where interactions.occurred_at <= (select run.as_of from run)

)

select * from final
