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
        coalesce(coverage.covers_until < dues.due_until, false) as is_feed_stale,
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
    left join coverage on feeds.fulfilment_source = coverage.source

),

with_state as (

    select
        *,
        case
            -- A promise about the past is a fault of the data and accuses nobody.
            when due_until < made_at then 'unknown'
            when is_superseded then 'superseded'
            when kept_at > due_until then 'kept_late'
            when kept_at is not null and closed_day < due_day then 'kept_early'
            when kept_at is not null then 'kept_on_time'
            when cancelled_by = 'customer' then 'cancelled_by_customer'
            when cancelled_by = 'company' then 'cancelled_by_company'
            when due_until > soon_until then 'open'
            when due_until > as_of then 'due_soon'
            -- An outage of the feed that would tell must not accuse the company.
            when is_feed_stale then 'unknown'
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

final as (

    select
        promise_id,
        promise_key,
        revision_number,
        previous_promise_id,
        customer_id,
        issue_id,
        topic,
        promise_kind,
        needs_notice,
        owner,
        confidence,
        origin,
        time_zone,
        made_at,
        due_at,
        due_until,
        is_date,
        replaced_at,
        replaced_event_id,
        replaced_recorded_at,
        kept_internally_at,
        observed_at,
        told_at,
        kept_at,
        kept_event_id,
        kept_recorded_at,
        cancelled_at,
        cancelled_by,
        cancelled_event_id,
        cancelled_recorded_at,
        closed_at,
        ended_at,
        as_of,
        state,
        is_feed_stale,
        broken_at is not null as is_broken,
        broken_at,
        due_day,
        last_day,
        case
            when broken_at is null or broken_at < due_until then 0
            else greatest(last_day - due_day, 0)
        end as overdue_days,
        case
            when not needs_notice or kept_internally_at is null then 0
            else greatest(last_untold_day - kept_internally_day, 0)
        end as knowing_days,
        source,
        record_type,
        record_key,
        made_event_id,
        made_recorded_at,
        touchpoint,
        phase,
        location_id,
        employee_id

    from judged

)

select * from final
