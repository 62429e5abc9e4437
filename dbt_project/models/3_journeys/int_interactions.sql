-- One row per interaction of any source that occurred by the run's as_of.

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

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select *

    from interactions
    where occurred_at <= (select run.as_of from run)

)

select * from final
