-- One row per contact between a customer and the company on an issue, as far as it can keep a
-- promise, inform about one or ask after one. Rows that state a signal are scored as they stand.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

rule as (

    select * from {{ ref('int_promise_rule') }}

),

told_apart as (

    select
        interaction_id,
        event_id,
        source,
        record_type,
        record_key,
        customer_id,
        issue_id,
        coalesce(conversation_key, interaction_id) as conversation_id,
        occurred_at,
        recorded_at,
        channel,
        touchpoint,
        phase,
        is_moment_of_truth,
        is_context_carried,
        location_id,
        employee_id,
        outcome,
        reason,
        talk_seconds,
        is_human_contact,
        -- Bounced, marketing and automatic mails are silence.
        direction = 'outbound'
        and is_delivered
        and not is_marketing
        and not is_automated
        and (is_human_contact or kind = 'notified') as is_company_contact,
        -- To buy, to come for the appointment or to collect is not to ask after something.
        direction = 'inbound'
        and is_human_contact
        and not is_automated
        and coalesce(kind, '') not in ('ordered', 'booked', 'served', 'collected') as is_customer_contact

    from steps
    where
        signal is null
        and issue_id is not null
        and direction in ('inbound', 'outbound')

),

contacts as (

    select
        *,
        lag(occurred_at) over (
            partition by customer_id, issue_id, conversation_id, is_customer_contact
            order by occurred_at, interaction_id
        ) as previous_leg_at,
        coalesce(
            lag(is_company_contact and is_human_contact) over (
                partition by customer_id, issue_id, conversation_id
                order by occurred_at, is_customer_contact, interaction_id
            ),
            false
        ) as is_prompted

    from told_apart
    where is_company_contact or is_customer_contact

),

legs_marked as (

    select
        contacts.*,
        -- A transferred call is one contact, and its later legs no further chase; the next mail of
        -- a thread is.
        coalesce(
            {{ epoch_micros('contacts.occurred_at') }}
            - {{ epoch_micros('contacts.previous_leg_at') }}
            >= rule.contact_gap_micros,
            true
        ) as is_first_leg

    from contacts
    cross join rule

),

final as (

    select
        interaction_id,
        event_id,
        source,
        record_type,
        record_key,
        customer_id,
        issue_id,
        {{ topic('customer_id', 'issue_id') }} as topic,
        conversation_id || ':' || cast(
            sum(case when is_first_leg then 1 else 0 end)
                over (
                    partition by customer_id, issue_id, conversation_id, is_customer_contact
                    order by occurred_at, interaction_id rows unbounded preceding
                )
            as string
        ) as contact_id,
        occurred_at,
        recorded_at,
        channel,
        touchpoint,
        phase,
        is_moment_of_truth,
        is_context_carried,
        location_id,
        employee_id,
        outcome,
        reason,
        talk_seconds,
        is_human_contact,
        is_company_contact,
        is_customer_contact,
        is_first_leg,
        -- The customer answers the company, and asks after nothing.
        is_prompted

    from legs_marked

)

select * from final
