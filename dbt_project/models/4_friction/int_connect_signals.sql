-- One row per signal that an Amazon Connect contact gives. See the table in its description.

with

contacts as (

    select * from {{ ref('stg_connect__contacts') }}
    where channel is not null

),

reasons as (

    select * from {{ ref('contact_reasons') }}

),

placed as (

    select
        contacts.interaction_id,
        contacts.direction,
        contacts.initiation_method,
        contacts.channel in ('phone', 'chat') and contacts.direction != 'outbound' as is_on_the_line,
        contacts.channel in ('phone', 'chat') as is_live,
        contacts.is_abandoned,
        contacts.is_dropped,
        contacts.is_passed_out,
        contacts.is_resolved,
        contacts.is_context_carried,
        contacts.wait_seconds,
        contacts.hold_seconds,
        coalesce(reasons.is_value, false) as is_for_value,
        -- Warm: said so, or the agent before was still there when the next one answered.
        case
            when contacts.stated_transfer in ('warm', 'attended', 'consultative') then true
            when contacts.stated_transfer in ('cold', 'blind') then false
            else coalesce(previous.disconnected_at > contacts.connected_to_agent_at, false)
        end as is_warm

    from contacts
    left join reasons on contacts.reason = reasons.reason
    left join contacts as previous on contacts.previous_contact_id = previous.record_key

),

signals as (

    -- First, so that a changed channel is measured against what came before this contact. Who
    -- gave up in the queue pays for that instead: one attempt is not its own repetition.
    select
        interaction_id,
        0 as signal_position,
        'contact.problem' as signal,
        cast(null as bigint) as measure

    from placed
    where direction = 'inbound' and not is_for_value and not is_abandoned

    union all

    select
        interaction_id,
        1 as signal_position,
        'queue.wait' as signal,
        wait_seconds as measure

    from placed
    where is_on_the_line and wait_seconds is not null

    union all

    select
        interaction_id,
        2 as signal_position,
        'queue.abandoned' as signal,
        cast(null as bigint) as measure

    from placed
    where is_abandoned

    union all

    select
        interaction_id,
        3 as signal_position,
        case when is_warm then 'call.transfer_warm' else 'call.transfer_cold' end as signal,
        cast(null as bigint) as measure

    from placed
    where
        is_live
        and (initiation_method in ('TRANSFER', 'QUEUE_TRANSFER') or is_passed_out)

    union all

    select
        interaction_id,
        4 as signal_position,
        'info.repeat' as signal,
        cast(null as bigint) as measure

    from placed
    where is_live and initiation_method = 'TRANSFER' and not is_warm and not is_context_carried

    union all

    select
        interaction_id,
        5 as signal_position,
        'call.hold' as signal,
        hold_seconds as measure

    from placed
    where is_live and hold_seconds > 0

    union all

    select
        interaction_id,
        6 as signal_position,
        'call.dropped' as signal,
        cast(null as bigint) as measure

    from placed
    where is_live and is_dropped and not is_abandoned

    union all

    select
        interaction_id,
        7 as signal_position,
        'contact.unresolved' as signal,
        cast(null as bigint) as measure

    from placed
    where not is_resolved

),

final as (

    select
        interaction_id,
        signal_position,
        signal,
        measure

    from signals

)

select * from final
