-- One row per signal that appointments give. See the table in its description.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where source = 'appointments'

),

versions as (

    select * from {{ ref('stg_appointments__versions') }}

),

short_notice as (

    select cast(value as bigint) * 3600 as short_notice_seconds
    from {{ ref('friction_params') }}
    where
        name = 'short_notice_hours'
        and rule_version = (select run.rule_version from {{ ref('stg_run') }} as run)

),

rule as (

    select * from {{ ref('int_promise_rule') }}

),

placed as (

    select
        steps.interaction_id,
        steps.kind,
        steps.record_key,
        steps.occurred_at,
        versions.is_company_no_show,
        {{ instant(
            epoch_micros('greatest(versions.start_at, versions.end_at)') ~ ' + rule.grace_micros'
        ) }} as late_after,
        versions.requested_by = 'company'
        and (
            steps.kind = 'booked'
            or (steps.kind = 'rescheduled' and versions.start_at != versions.previous_start_at)
        ) as is_asked_for_by_company,
        {{ epoch_second('versions.start_at') }} - {{ epoch_second('steps.occurred_at') }} as notice_seconds

    from steps
    cross join rule
    inner join versions on steps.event_id = versions.event_id

),

final as (

    select
        placed.interaction_id,
        0 as signal_position,
        'schedule.short_notice' as signal,
        cast(null as bigint) as measure

    from placed
    cross join short_notice
    where
        placed.is_asked_for_by_company
        and placed.notice_seconds < short_notice.short_notice_seconds

    union all

    select
        interaction_id,
        0 as signal_position,
        'visit.no_show' as signal,
        cast(null as bigint) as measure

    from placed
    -- One failure, one charge: noted after the slot was over, it was a broken promise by then.
    where
        kind = 'no_show'
        and is_company_no_show
        and occurred_at <= late_after
    qualify row_number() over (partition by record_key order by occurred_at, interaction_id) = 1

)

select * from final
