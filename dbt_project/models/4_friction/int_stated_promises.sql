-- One row per promise that a mapped source states as signals. They are scored as they stand; this
-- tells their state in the words of the engine.
-- noqa: disable=LT02

with

-- Imported twice, each with what is needed there: a CTE that is read twice would be copied whole.
steps as (

    select * from {{ ref('int_journey_steps') }}
    where signal is not null

),

promise_steps as (

    select * from {{ ref('int_journey_steps') }}
    where
        signal in ('promise.made', 'promise.updated', 'promise.kept')
        and promise_id is not null

),

rule as (

    select * from {{ ref('int_promise_rule') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

places_counted as (

    select
        customer_id,
        promise_id,
        signal,
        due_at,
        occurred_at,
        source,
        record_key,
        event_id,
        issue_id,
        touchpoint,
        location_id,
        row_number() over (
            partition by customer_id, promise_id, signal
            order by occurred_at, record_key, source, position
        ) as place

    from promise_steps

),

promises as (

    select
        customer_id,
        promise_id,
        min(case when signal = 'promise.made' then due_at end) as due_at,
        min(case when signal = 'promise.updated' then occurred_at end) as updated_at,
        min(case when signal = 'promise.kept' then occurred_at end) as kept_at,
        {%- for column in [
            'occurred_at', 'source', 'record_key', 'event_id', 'issue_id', 'touchpoint', 'location_id'
        ] %}
        max(case when signal = 'promise.made' and place = 1 then {{ column }} end) as made_{{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from places_counted
    group by customer_id, promise_id
    having max(case when signal = 'promise.made' then 1 else 0 end) = 1

),

placed_in_time as (

    select
        promises.*,
        run.as_of,
        {{ instant(epoch_micros('run.as_of') ~ ' + rule.due_soon_micros') }} as soon_until,
        {{ instant(epoch_micros('promises.due_at') ~ ' - rule.due_soon_micros') }} as due_soon_at,
        {{ local_day('promises.due_at', "'UTC'") }} as due_day,
        {{ local_day('promises.kept_at', "'UTC'") }} as kept_day,
        {{ local_day('run.as_of', "'UTC'") }} as as_of_day

    from promises
    cross join run
    cross join rule

),

with_state as (

    select
        *,
        case
            when kept_at <= due_at and kept_day < due_day then 'kept_early'
            when kept_at <= due_at then 'kept_on_time'
            when updated_at <= due_at then 'superseded'
            when kept_at > due_at then 'kept_late'
            when due_at is null then 'unknown'
            when due_at <= as_of then 'broken_open'
            when due_at <= soon_until then 'due_soon'
            else 'open'
        end as state

    from placed_in_time

),

-- What the rows on the issue of a promise tell of it: who asked, and whether we were heard of.
said_meanwhile as (

    select
        with_state.customer_id,
        with_state.promise_id,
        steps.signal,
        steps.occurred_at > with_state.due_at as is_after_due,
        -- A row has no direction of its own at signal level: what only we can do is our word.
        steps.channel is not null
        and not steps.is_marketing
        and not steps.is_automated
        and steps.is_delivered
        and (
            steps.direction = 'outbound'
            or steps.signal like 'recovery.%'
            or steps.signal in (
                'promise.updated', 'promise.kept', 'promise.late_notice', 'promise.exceeded',
                'proactive.helpful_call', 'extra_mile'
            )
        ) as is_word_of_ours,
        steps.occurred_at,
        {{ local_day('steps.occurred_at', "'UTC'") }} as day_number

    from with_state
    inner join steps
        on
            with_state.customer_id = steps.customer_id
            and with_state.made_issue_id = steps.issue_id
            and with_state.made_occurred_at < steps.occurred_at
            and steps.occurred_at <= coalesce(with_state.kept_at, timestamp '9999-01-01 00:00:00')

),

counted as (

    select
        with_state.customer_id,
        with_state.promise_id,
        count(*) filter (
            where
                said_meanwhile.signal = 'contact.chase'
                and said_meanwhile.is_after_due
                and said_meanwhile.occurred_at < coalesce(
                    with_state.kept_at, timestamp '9999-01-01 00:00:00'
                )
        ) as chase_count,
        count(*) filter (
            where
                said_meanwhile.signal = 'agent.no_ownership'
                and said_meanwhile.is_after_due
                and said_meanwhile.occurred_at < coalesce(
                    with_state.kept_at, timestamp '9999-01-01 00:00:00'
                )
        ) as excuse_count,
        count(*) filter (
            where said_meanwhile.signal = 'contact.problem' and not said_meanwhile.is_after_due
        ) as check_in_count,
        count(distinct case
            when
                said_meanwhile.is_word_of_ours
                and said_meanwhile.is_after_due
                and said_meanwhile.day_number > with_state.due_day
                and said_meanwhile.day_number
                <= coalesce(with_state.kept_day, with_state.as_of_day - 1)
                then said_meanwhile.day_number
        end) as informed_days,
        -- A day counts when it is over.
        min(said_meanwhile.day_number) filter (
            where
                said_meanwhile.is_word_of_ours
                and said_meanwhile.is_after_due
                and said_meanwhile.day_number >= with_state.as_of_day
        ) as first_day_to_come

    from with_state
    inner join said_meanwhile
        on
            with_state.customer_id = said_meanwhile.customer_id
            and with_state.promise_id = said_meanwhile.promise_id
    group by
        with_state.customer_id,
        with_state.promise_id

),

judged as (

    select
        with_state.*,
        with_state.state in ('kept_late', 'broken_open') as is_broken,
        coalesce(with_state.kept_day, with_state.as_of_day - 1) as last_day,
        case with_state.state
            when 'open' then with_state.due_soon_at
            when 'due_soon' then with_state.due_at
            when 'broken_open'
                then {{ instant('(cast(counted.first_day_to_come as bigint) + 1) * 86400000000') }}
        end as changes_at,
        case
            when with_state.state not in ('kept_late', 'broken_open') then 0
            else greatest(coalesce(with_state.kept_day, with_state.as_of_day - 1) - with_state.due_day, 0)
        end as overdue_days,
        cast(coalesce(counted.chase_count, 0) as bigint) as chase_count,
        cast(coalesce(counted.excuse_count, 0) as bigint) as excuse_count,
        cast(coalesce(counted.check_in_count, 0) as bigint) as check_in_count,
        cast(coalesce(counted.informed_days, 0) as bigint) as informed_days

    from with_state
    left join counted
        on
            with_state.customer_id = counted.customer_id
            and with_state.promise_id = counted.promise_id

),

final as (

    select
        promise_id,
        customer_id,
        made_issue_id as issue_id,
        made_occurred_at as made_at,
        due_at,
        updated_at,
        kept_at,
        state,
        is_broken,
        cast(overdue_days as bigint) as overdue_days,
        -- Without an issue, nothing tells who said what meanwhile.
        case
            when made_issue_id is null then null
            when is_broken then overdue_days - informed_days
            else 0
        end as silent_days,
        case
            when made_issue_id is null then null
            when is_broken then informed_days
            else 0
        end as informed_days,
        case when made_issue_id is null then null when is_broken then chase_count else 0 end
            as chase_count,
        case when made_issue_id is not null then check_in_count end as check_in_count,
        case when made_issue_id is null then null when is_broken then excuse_count else 0 end
            as excuse_count,
        made_source as source,
        made_record_key as record_key,
        made_event_id,
        made_touchpoint as touchpoint,
        made_location_id as location_id,
        due_day,
        last_day,
        changes_at

    from judged

)

select * from final
