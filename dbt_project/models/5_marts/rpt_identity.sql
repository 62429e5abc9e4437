-- One row per channel, and one for all: how many people there were before and after stitching, and how
-- many interactions nobody is known for.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where {{ is_external('customer_id') }}

),

event_customers as (

    select * from {{ ref('int_event_customers') }}

),

counted as (

    select
        steps.channel,
        grouping(steps.channel) = 1 as is_all,
        count(*) as interaction_count,
        count(*) filter (where steps.is_anonymous) as anonymous_interaction_count,
        -- One system alone knows a person by the strongest identifier that it saw.
        count(distinct event_customers.identifier_hash) as people_before,
        count(distinct steps.customer_id) filter (where not steps.is_anonymous) as people_after,
        count(distinct steps.customer_id) filter (where steps.is_anonymous) as anonymous_customer_count

    from steps
    left join event_customers on steps.event_id = event_customers.event_id
    group by grouping sets ((steps.channel), ())

),

final as (

    select
        case when is_all then 'all' else coalesce(channel, 'none') end as channel,
        people_before,
        people_after,
        anonymous_customer_count,
        interaction_count,
        anonymous_interaction_count,
        anonymous_interaction_count / cast(nullif(interaction_count, 0) as double) as anonymous_share

    from counted
    where interaction_count > 0

)

select * from final
