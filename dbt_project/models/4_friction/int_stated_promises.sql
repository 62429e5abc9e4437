-- One row per promise that a mapped source states as signals. They are scored as they stand; this
-- tells their state in the words of the engine.
-- noqa: disable=LT02

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where signal is not null

),

rule as (

    select * from {{ ref('int_promise_rule') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

promise_steps as (

    select
        *,
        row_number() over (
            partition by customer_id, promise_id, signal
            order by occurred_at, record_key, source, position
        ) as place

    from steps
    where
        signal in ('promise.made', 'promise.updated', 'promise.kept')
        and promise_id is not null

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

    from promise_steps
    group by customer_id, promise_id
    having max(case when signal = 'promise.made' then 1 else 0 end) = 1

),

placed_in_time as (

    select
        promises.*,
        run.as_of,
        {{ instant(epoch_micros('run.as_of') ~ ' + rule.due_soon_micros') }} as soon_until,
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

chases as (

    select
        with_state.customer_id,
        with_state.promise_id,
        count(*) filter (where steps.signal = 'contact.chase') as chase_count,
        count(*) filter (where steps.signal = 'agent.no_ownership') as excuse_count

    from with_state
    inner join steps
        on
            with_state.customer_id = steps.customer_id
            and with_state.made_issue_id = steps.issue_id
            and steps.signal in ('contact.chase', 'agent.no_ownership')
            and with_state.due_at < steps.occurred_at
            and steps.occurred_at < coalesce(with_state.kept_at, timestamp '9999-01-01 00:00:00')
    where with_state.state in ('kept_late', 'broken_open')
    group by with_state.customer_id, with_state.promise_id

),

final as (

    select
        with_state.promise_id,
        with_state.customer_id,
        with_state.made_issue_id as issue_id,
        with_state.made_occurred_at as made_at,
        with_state.due_at,
        with_state.updated_at,
        with_state.kept_at,
        with_state.state,
        with_state.state in ('kept_late', 'broken_open') as is_broken,
        case
            when with_state.state not in ('kept_late', 'broken_open') then 0
            else greatest(coalesce(with_state.kept_day, with_state.as_of_day - 1) - with_state.due_day, 0)
        end as overdue_days,
        cast(coalesce(chases.chase_count, 0) as bigint) as chase_count,
        cast(coalesce(chases.excuse_count, 0) as bigint) as excuse_count,
        with_state.made_source as source,
        with_state.made_record_key as record_key,
        with_state.made_event_id,
        with_state.made_touchpoint as touchpoint,
        with_state.made_location_id as location_id

    from with_state
    left join chases
        on
            with_state.customer_id = chases.customer_id
            and with_state.promise_id = chases.promise_id

)

select * from final
