-- One row per Amazon Connect contact (one leg of a call or chat), in its latest version.

with

versions as (

    select * from {{ ref('stg_connect__contact_versions') }}

),

positioned as (

    select
        *,
        0 as position

    from versions
    where is_latest

),

final as (

    select
        {{ interaction_id() }} as interaction_id,
        *,

        -- AWS's own rule: it was queued and no agent was reached. Moved on to another queue or
        -- to a callback, it goes on in the next contact. On a callback the customer is not waiting.
        coalesce(
            direction != 'outbound'
            and channel in ('phone', 'chat')
            and queued_at is not null
            and connected_to_agent_at is null
            and next_contact_id is null,
            false
        ) as is_abandoned,
        coalesce(disconnect_reason in (
            'TELECOM_PROBLEM', 'AGENT_NETWORK_DISCONNECT', 'SYSTEM_ERROR'
        ), false) as is_dropped,
        coalesce(
            transfer_completed_at is not null and next_contact_id is null, false
        ) as is_passed_out,
        -- The agent who has the customer last notes how it ended, for the whole chain.
        coalesce(stated_outcome, {{ last_known('stated_outcome', 'later_legs') }}) as chain_outcome

    from positioned

    -- A callback is a contact of its own.
    window later_legs as (
        partition by conversation_key, direction = 'outbound'
        order by occurred_at, record_key
        rows between current row and unbounded following
    )

)

select * from final
