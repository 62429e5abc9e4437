-- One row per interaction that any source tells of, whom its event names, and whether it has occurred by the
-- run's as_of: a record may tell of what is still to come.

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
        event_customers.customer_id as named_customer_id,
        interactions.occurred_at <= run.as_of as has_occurred

    from interactions
    cross join run
    left join event_customers on interactions.event_id = event_customers.event_id
    where interactions.occurred_at is not null

)

select * from final
