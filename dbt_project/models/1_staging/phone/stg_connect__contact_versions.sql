-- One row per delivered version of an Amazon Connect contact record, typed.

-- The names and types below are JSON and Jinja, whose lines have no SQL indent.
-- noqa: disable=LT02

{{ config(materialized='table') }}

{%- set meanings = connect_attributes() %}

with

events as (

    select * from {{ log_events('connect', ['contact']) }}

),

run as (

    select * from {{ ref('stg_run') }}

),

typed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        from_json(payload, '{
            "LastUpdateTimestamp": "TIMESTAMPTZ",
            "ScheduledTimestamp": "TIMESTAMPTZ",
            "ConnectedToSystemTimestamp": "TIMESTAMPTZ",
            "DisconnectTimestamp": "TIMESTAMPTZ",
            "TransferCompletedTimestamp": "TIMESTAMPTZ",
            "DisconnectReason": "VARCHAR",
            "InitialContactId": "VARCHAR",
            "PreviousContactId": "VARCHAR",
            "NextContactId": "VARCHAR",
            "Channel": "VARCHAR",
            "InitiationMethod": "VARCHAR",
            "Campaign": {"CampaignId": "VARCHAR"},
            "Queue": {"Name": "VARCHAR", "EnqueueTimestamp": "TIMESTAMPTZ", "Duration": "BIGINT"},
            "Agent": {
                "ARN": "VARCHAR",
                "ConnectedToAgentTimestamp": "TIMESTAMPTZ",
                "AgentInteractionDuration": "BIGINT",
                "CustomerHoldDuration": "BIGINT"
            },
            "Attributes": {
                {%- for name in meanings.values() | sum(start=[]) %}
                "{{ name }}": "VARCHAR"{{ ',' if not loop.last }}
                {%- endfor %}
            }
        }') as r

    from events

),

named as (

    select
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        cast(r.lastupdatetimestamp as timestamp) as updated_at,

        -- the chain
        'connect/' || coalesce(r.initialcontactid, record_key) as conversation_key,
        r.previouscontactid as previous_contact_id,
        r.nextcontactid as next_contact_id,
        r.initiationmethod as initiation_method,
        r.channel as medium,
        r.campaign.campaignid is not null as is_campaign,

        -- the times
        cast(r.scheduledtimestamp as timestamp) as scheduled_at,
        cast(r.connectedtosystemtimestamp as timestamp) as connected_to_customer_at,
        cast(r.queue.enqueuetimestamp as timestamp) as queued_at,
        cast(r.agent.connectedtoagenttimestamp as timestamp) as connected_to_agent_at,
        cast(r.transfercompletedtimestamp as timestamp) as transfer_completed_at,
        cast(r.disconnecttimestamp as timestamp) as disconnected_at,

        -- the measures
        r.queue.duration as wait_seconds,
        r.agent.customerholdduration as hold_seconds,
        r.agent.agentinteractionduration as talk_seconds,

        -- the words
        nullif(trim(regexp_replace(lower(r.queue.name), '[^a-z0-9]+', '_', 'g'), '_'), '') as queue,
        regexp_extract(r.agent.arn, '([^/]+)$', 1) as agent_id,
        r.disconnectreason as disconnect_reason,
        ltrim({{ connect_attribute('order') }}, '#') as order_key,
        {{ connect_attribute('ticket') }} as ticket_key,
        {{ connect_attribute('appointment') }} as appointment_key,
        trim(regexp_replace(lower({{ connect_attribute('reason') }}), '[^a-z0-9]+', '_', 'g'), '_') as reason,
        trim(regexp_replace(lower({{ connect_attribute('outcome') }}), '[^a-z0-9]+', '_', 'g'), '_')
            as stated_outcome,
        lower({{ connect_attribute('resolved') }}) as stated_resolved,
        lower({{ connect_attribute('context') }}) as stated_context,
        lower({{ connect_attribute('transfer') }}) as stated_transfer,
        {{ connect_attribute('location') }} as location_id,
        case
            when
                r.initiationmethod = 'CALLBACK'
                and greatest(
                    cast(r.connectedtosystemtimestamp as timestamp),
                    cast(r.agent.connectedtoagenttimestamp as timestamp)
                ) > (select run.as_of from run)
                then greatest(
                    cast(r.connectedtosystemtimestamp as timestamp),
                    cast(r.agent.connectedtoagenttimestamp as timestamp)
                )
        end as made_later_at,
        row_number() over (
            partition by record_key
            order by version_rank desc, recorded_at desc, event_id desc
        ) = 1 as is_latest

    from typed

),

final as (

    select
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        updated_at,
        is_latest,
        made_later_at,
        conversation_key,
        previous_contact_id,
        next_contact_id,
        initiation_method,
        medium,
        is_campaign,

        -- Who turned to whom. A leg of a transfer is not a new contact of the customer's.
        case
            when medium = 'TASK' then 'internal'
            when initiation_method in ('INBOUND', 'WEBRTC_API') then 'inbound'
            when initiation_method = 'API' and medium != 'VOICE' then 'inbound'
            when
                initiation_method in ('OUTBOUND', 'CALLBACK', 'API', 'AGENT_REPLY', 'FLOW')
                then 'outbound'
            else 'internal'
        end as direction,
        -- A task, a listening supervisor, a third party and a survey flow are in no channel of
        -- the customer's: they must not look like a change of channel.
        case
            when medium = 'TASK' or initiation_method in ('MONITOR', 'EXTERNAL_OUTBOUND', 'DISCONNECT')
                then null
            when medium = 'VOICE' then 'phone'
            else lower(medium)
        end as channel,

        scheduled_at,
        -- A callback is asked for long before it is made: as of a time between, nobody has called.
        case when made_later_at is null then connected_to_customer_at end as connected_to_customer_at,
        queued_at,
        case when made_later_at is null then connected_to_agent_at end as connected_to_agent_at,
        transfer_completed_at,
        disconnected_at,
        wait_seconds,
        case when made_later_at is null then hold_seconds end as hold_seconds,
        case when made_later_at is null then talk_seconds end as talk_seconds,
        queue,
        case when made_later_at is null then agent_id end as agent_id,
        disconnect_reason,
        case
            when order_key is not null then 'order'
            when ticket_key is not null then 'ticket'
            when appointment_key is not null then 'appointment'
        end as subject_type,
        coalesce(order_key, ticket_key, appointment_key) as subject_key,
        reason,
        stated_outcome,
        case
            when stated_resolved in ('true', 'yes', '1', 'resolved', 'solved') then true
            when stated_resolved in ('false', 'no', '0', 'unresolved') then false
            when stated_outcome in ('resolved', 'solved') then true
            when stated_outcome in ('unresolved', 'not_resolved') then false
        end as is_resolved,
        coalesce(stated_context not in ('false', 'no', '0', 'none'), false) as is_context_carried,
        stated_transfer,
        location_id

    from named

)

select * from final
