-- One row per promise: what has become of it by the run's as_of, and which local days it was
-- overdue.

with

dues as (

    select * from {{ ref('int_promise_dues') }}

),

feeds as (

    select * from {{ ref('fulfilment_feeds') }}

),

batches as (

    select * from {{ ref('stg_batches') }}

),

calendar_days as (

    select
        calendar_id,
        day_number,
        business_day_number

    from {{ ref('int_calendar_days') }}

),

rule as (

    select * from {{ ref('int_promise_rule') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

coverage as (

    select
        source,
        max(covers_until) as covers_until

    from batches
    group by source

),

placed_in_time as (

    select
        dues.*,
        run.as_of,
        {{ instant(epoch_micros('run.as_of') ~ ' + rule.due_soon_micros') }} as soon_until,
        -- A feed that the log has never seen covers nothing.
        feeds.fulfilment_source is not null
        and coalesce(coverage.covers_until < dues.due_until, true) as is_feed_stale,
        coalesce(
            dues.replaced_at <= dues.due_until
            and dues.replaced_at < coalesce(dues.closed_at, timestamp '9999-01-01 00:00:00'),
            false
        ) as is_superseded,
        {{ local_day('dues.due_until', 'dues.time_zone') }} as due_day,
        {{ local_day('dues.closed_at', 'dues.time_zone') }} as closed_day,
        {{ local_day('dues.kept_internally_at', 'dues.time_zone') }} as kept_internally_day,
        {{ local_day('dues.told_at', 'dues.time_zone') }} as told_day,
        {{ local_day('run.as_of', 'dues.time_zone') }} as as_of_day

    from dues
    cross join run
    cross join rule
    left join feeds
        on
            dues.source = feeds.promise_source
            and dues.promise_kind = feeds.promise_kind
            -- 'I will come back to you' may be kept in any channel: no single feed would tell.
            and dues.origin is distinct from 'callback'
    left join coverage on feeds.fulfilment_source = coverage.source

),

with_state as (

    select
        *,
        case
            -- A promise about the past is a fault of the data and accuses nobody.
            when due_until < made_at then 'unknown'
            when is_superseded then 'superseded'
            -- An outage of the feed that would tell must not accuse the company, nor may what is
            -- heard later from elsewhere.
            when
                is_feed_stale
                and due_until <= as_of
                and coalesce(closed_at > due_until, true)
                then 'unknown'
            when kept_at > due_until then 'kept_late'
            when kept_at is not null and closed_day < due_day then 'kept_early'
            when kept_at is not null then 'kept_on_time'
            when cancelled_by = 'customer' then 'cancelled_by_customer'
            when cancelled_by = 'company' then 'cancelled_by_company'
            when due_until > soon_until then 'open'
            when due_until > as_of then 'due_soon'
            else 'broken_open'
        end as state

    from placed_in_time

),

judged as (

    select
        *,
        case
            when state in ('kept_late', 'broken_open') then due_until
            when state = 'cancelled_by_company' then least(due_until, cancelled_at)
            when state = 'cancelled_by_customer' and cancelled_at > due_until then due_until
        end as broken_at,
        case when is_superseded then replaced_at else closed_at end as ended_at,
        -- A day counts when it is over, or when the promise closes on it.
        coalesce(closed_day, as_of_day - 1) as last_day,
        coalesce(told_day, closed_day, as_of_day - 1) as last_untold_day

    from with_state

),

-- Of a promise with a business calendar, a day on which it is closed is no overdue day.
business_days as (

    select
        judged.promise_id,
        last_days.business_day_number - due_days.business_day_number as overdue_days

    from judged
    inner join calendar_days as due_days
        on
            judged.calendar_id = due_days.calendar_id
            and judged.due_day = due_days.day_number
    inner join calendar_days as last_days
        on
            judged.calendar_id = last_days.calendar_id
            and judged.last_day = last_days.day_number

),

final as (

    select
        judged.promise_id,
        judged.promise_key,
        judged.revision_number,
        judged.previous_promise_id,
        judged.customer_id,
        judged.issue_id,
        judged.topic,
        judged.promise_kind,
        judged.needs_notice,
        judged.owner,
        judged.confidence,
        judged.origin,
        judged.time_zone,
        judged.calendar_id,
        judged.made_at,
        judged.due_at,
        judged.due_until,
        judged.is_date,
        judged.replaced_at,
        judged.replaced_event_id,
        judged.replaced_recorded_at,
        judged.is_taken_over,
        judged.kept_internally_at,
        judged.observed_at,
        judged.told_at,
        judged.kept_at,
        judged.kept_event_id,
        judged.kept_recorded_at,
        judged.cancelled_at,
        judged.cancelled_by,
        judged.cancelled_event_id,
        judged.cancelled_recorded_at,
        judged.closed_at,
        judged.ended_at,
        judged.as_of,
        judged.state,
        judged.is_feed_stale,
        judged.broken_at is not null as is_broken,
        judged.broken_at,
        judged.due_day,
        judged.last_day,
        case
            when judged.broken_at is null or judged.broken_at < judged.due_until then 0
            else greatest(coalesce(business_days.overdue_days, judged.last_day - judged.due_day), 0)
        end as overdue_days,
        case
            when not judged.needs_notice or judged.kept_internally_at is null then 0
            else greatest(judged.last_untold_day - judged.kept_internally_day, 0)
        end as knowing_days,
        judged.source,
        judged.record_type,
        judged.record_key,
        judged.made_event_id,
        judged.made_recorded_at,
        judged.touchpoint,
        judged.phase,
        judged.location_id,
        judged.employee_id

    from judged
    left join business_days on judged.promise_id = business_days.promise_id

)

select * from final
