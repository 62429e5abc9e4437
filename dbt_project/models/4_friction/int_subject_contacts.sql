-- One row per contact between a customer and the company on an issue, as far as it can keep a
-- promise, inform about one or ask after one. Rows that state a signal are scored as they stand.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

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
        talk_seconds,
        is_human_contact,
        -- Bounced, marketing and automatic mails are silence.
        direction = 'outbound'
        and is_delivered
        and not is_marketing
        and not is_automated
        and (is_human_contact or kind = 'notified') as is_company_contact,
        direction = 'inbound' and is_human_contact and not is_automated as is_customer_contact

    from steps
    where
        signal is null
        and issue_id is not null
        and direction in ('inbound', 'outbound')

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
        conversation_id,
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
        talk_seconds,
        is_human_contact,
        is_company_contact,
        is_customer_contact,
        -- A transferred call is one contact: its later legs are no further chase.
        row_number() over conversation = 1 as is_first_leg

    from told_apart
    where is_company_contact or is_customer_contact

    window conversation as (
        partition by customer_id, issue_id, conversation_id, is_customer_contact
        order by occurred_at, interaction_id
    )

)

select * from final
