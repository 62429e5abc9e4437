-- One row per customer, source, channel and identifier by which one system alone would know them: how many
-- interactions that were. The reports count people here, and not over all interactions again.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

event_customers as (

    select * from {{ ref('int_event_customers') }}

),

final as (

    select
        steps.customer_id,
        steps.source,
        steps.channel,
        steps.is_anonymous,
        event_customers.identifier_hash,
        count(*) as interaction_count

    from steps
    left join event_customers on steps.event_id = event_customers.event_id
    group by
        steps.customer_id,
        steps.source,
        steps.channel,
        steps.is_anonymous,
        event_customers.identifier_hash

)

select * from final
