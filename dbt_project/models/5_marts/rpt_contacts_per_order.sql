-- One row per month, and one for all of them: how many contacts an order causes, and how many of
-- them nobody would have needed.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where {{ is_external('customer_id') }}

),

reasons as (

    select * from {{ ref('contact_reasons') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

-- An order that the shop and the web site both report is one order.
orders as (

    select
        coalesce(subject_type || ':' || subject_key, interaction_id) as order_key,
        min(occurred_at) as occurred_at

    from steps
    where kind = 'ordered'
    group by coalesce(subject_type || ':' || subject_key, interaction_id)

),

-- Legs of one conversation are one contact. Going to a store is shopping, and no contact.
contacts as (

    select
        coalesce(steps.conversation_key, steps.interaction_id) as contact_key,
        min(steps.occurred_at) as occurred_at,
        bool_or(coalesce(reasons.is_value, false)) as is_of_value

    from steps
    left join reasons on steps.reason = reasons.reason
    where
        steps.is_human_contact
        and steps.direction = 'inbound'
        and steps.channel is not null
        and steps.channel != 'store'
        and not steps.is_automated
        and steps.kind not in ('ordered', 'collected')
    group by coalesce(steps.conversation_key, steps.interaction_id)

),

counted as (

    select
        substr(cast(occurred_at as varchar), 1, 7) as month,
        1 as order_count,
        0 as contact_count,
        0 as avoidable_contact_count

    from orders

    union all

    select
        substr(cast(occurred_at as varchar), 1, 7) as month,
        0 as order_count,
        1 as contact_count,
        case when is_of_value then 0 else 1 end as avoidable_contact_count

    from contacts

),

months as (

    select
        month,
        order_count,
        contact_count,
        avoidable_contact_count

    from counted

    union all

    select
        'all' as month,
        order_count,
        contact_count,
        avoidable_contact_count

    from counted

),

summed as (

    select
        month,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(contact_count) as bigint) as contact_count,
        cast(sum(avoidable_contact_count) as bigint) as avoidable_contact_count

    from months
    group by month

),

final as (

    select
        summed.month,
        summed.order_count,
        summed.contact_count,
        summed.avoidable_contact_count,
        cast(summed.contact_count as double) / nullif(summed.order_count, 0) as contacts_per_order,
        cast(summed.avoidable_contact_count as double) / nullif(summed.order_count, 0)
            as avoidable_contacts_per_order,
        run.as_of

    from summed
    cross join run

)

select * from final
