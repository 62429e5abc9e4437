-- One row per Amazon Connect contact: a leg of a call, chat or mail, in the canonical shape.

with

contacts as (

    select * from {{ ref('stg_connect__contacts') }}

),

final as (

    select
        -- keys
        interaction_id,
        event_id,
        source,
        record_type,
        record_key,
        position,
        -- A callback record begins when the call was asked for; the call is what happened.
        case
            when initiation_method = 'CALLBACK'
                then coalesce(connected_to_customer_at, connected_to_agent_at, occurred_at)
            else occurred_at
        end as occurred_at,
        recorded_at,

        -- what happened
        channel,
        coalesce(channel, 'internal') || '.' || coalesce(queue, 'service') as touchpoint,
        case
            when channel is null then 'noted'
            when direction = 'inbound' then 'contacted'
            when initiation_method in ('TRANSFER', 'QUEUE_TRANSFER') then 'transferred'
            when initiation_method = 'CALLBACK' and connected_to_agent_at is null
                then 'callback_scheduled'
            when initiation_method = 'CALLBACK' then 'called_back'
            when initiation_method = 'AGENT_REPLY' then 'replied'
            when initiation_method = 'OUTBOUND' or connected_to_agent_at is not null then 'called'
            else 'notified'
        end as kind,
        direction,
        conversation_key,
        subject_type,
        subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        is_context_carried,

        -- whom it reached
        coalesce(
            initiation_method in ('API', 'FLOW')
            and direction = 'outbound'
            and connected_to_agent_at is null,
            false
        ) as is_automated,
        is_campaign as is_marketing,
        -- For an outgoing call Connect states when the customer answered, or nothing.
        direction != 'outbound'
        or channel != 'phone'
        or connected_to_customer_at is not null as is_delivered,
        -- Who waited in vain for a person made a contact nevertheless; who only heard the menu
        -- did not.
        channel is not null
        and (
            connected_to_agent_at is not null
            or (direction = 'inbound' and (queued_at is not null or channel = 'email'))
            or initiation_method in ('OUTBOUND', 'AGENT_REPLY')
        ) as is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        location_id,
        agent_id as employee_id,
        wait_seconds,
        hold_seconds,
        talk_seconds,
        case
            when is_abandoned then 'abandoned'
            when chain_outcome is not null then chain_outcome
            when is_dropped then 'dropped'
            when is_resolved then 'resolved'
            when not is_resolved then 'unresolved'
            when next_contact_id is not null or is_passed_out then 'transferred'
            when direction = 'outbound' and channel = 'phone' and connected_to_customer_at is null
                then 'not_reached'
            when connected_to_agent_at is not null then 'answered'
        end as outcome,
        reason

    from contacts

)

select * from final
