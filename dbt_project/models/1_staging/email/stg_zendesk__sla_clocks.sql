-- One row per clock of a ticket that an SLA was applied to: when it falls due, as Zendesk sees it.
-- Zendesk alone knows its business hours and when it stops a clock, so a breach that it reports
-- is the due; without one, arithmetic gives the due only where nothing but the calendar runs.
-- noqa: disable=LT02

{{ config(materialized='table') }}

with

metric_events as (

    select * from {{ ref('stg_zendesk__metric_events') }}

),

pauses as (

    select
        clock_key,
        occurred_at as paused_at,
        event_type,
        lead(occurred_at) over history as resumed_at

    from metric_events
    where event_type in ('pause', 'activate', 'fulfill')

    window history as (partition by clock_key order by occurred_at, record_key)

),

stops as (

    select
        clock_key,
        cast(coalesce(
            sum({{ epoch_micros('resumed_at') }} - {{ epoch_micros('paused_at') }}), 0
        ) as bigint) as paused_micros,
        max(case when resumed_at is null then paused_at end) as stopped_at

    from pauses
    where event_type = 'pause'
    group by clock_key

),

clocks as (

    select
        clock_key,
        min(ticket_id) as ticket_id,
        min(metric) as metric,
        min(case when event_type = 'activate' then occurred_at end) as activated_at,
        min(case when event_type = 'apply_sla' then occurred_at end) as applied_at,
        -- A changed policy moves the due: what was applied last counts.
        max_by(target_seconds, struct_pack(occurred_at := occurred_at, record_key := record_key))
            filter (where event_type = 'apply_sla') as target_seconds,
        max_by(is_business_time, struct_pack(occurred_at := occurred_at, record_key := record_key))
            filter (where event_type = 'apply_sla') as is_business_time,
        min(case when event_type = 'breach' and not is_deleted then occurred_at end) as breached_at,
        coalesce(bool_or(event_type = 'breach' and is_deleted), false) as has_withdrawn_breach,
        min(case when event_type = 'fulfill' then occurred_at end) as fulfilled_at

    from metric_events
    group by clock_key

),

timed as (

    select
        clocks.*,
        stops.stopped_at,
        {{ instant(
            epoch_micros('coalesce(clocks.activated_at, clocks.applied_at)')
            ~ ' + clocks.target_seconds * 1000000 + coalesce(stops.paused_micros, 0)'
        ) }} as calendar_due_at

    from clocks
    left join stops on clocks.clock_key = stops.clock_key
    where clocks.applied_at is not null and clocks.target_seconds is not null

),

final as (

    select
        clock_key,
        ticket_id,
        metric,
        case
            when metric in (
                'reply_time', 'first_reply_time', 'next_reply_time',
                'periodic_update_time', 'pausable_update_time'
            ) then 'reply'
            else 'resolution'
        end as promise_kind,
        applied_at,
        fulfilled_at,
        breached_at,
        case
            when breached_at is not null then breached_at
            -- Met, says Zendesk: by how much, it does not say.
            when is_business_time or has_withdrawn_breach
                then case when fulfilled_at is not null then greatest(calendar_due_at, fulfilled_at) end
            when fulfilled_at is null and stopped_at < calendar_due_at then null
            else calendar_due_at
        end as due_at

    from timed

)

select * from final
