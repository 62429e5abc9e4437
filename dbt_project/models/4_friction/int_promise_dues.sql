-- One row per due in force of a promise: the promise as first made, and one `<promise_id>:r<n>` for
-- each revision that reached the customer.

with

events as (

    select * from {{ ref('int_promise_events') }}

),

notices as (

    select * from {{ ref('int_promise_notices') }}

),

rule as (

    select * from {{ ref('int_promise_rule') }}

),

-- A date is what makes a promise: before it there is none.
dated as (

    select
        *,
        row_number() over dated_history as dating_number

    from events
    where event in ('made', 'revised') and due_at is not null

    window dated_history as (
        partition by promise_key
        order by occurred_at, record_key, source, position, recorded_at, promise_event_id
    )

),

promises as (

    select * from dated
    where dating_number = 1

),

-- What must reach the customer to count: a new date, and that the thing is done. An SLA was never
-- told, so nothing of it must be.
untold as (

    select
        events.promise_event_id,
        events.topic,
        events.occurred_at

    from events
    inner join promises on events.promise_key = promises.promise_key
    left join dated on events.promise_event_id = dated.promise_event_id
    where
        (events.event = 'kept_internally' and promises.needs_notice)
        or (dated.dating_number > 1 and events.confidence != 'sla')

),

untold_topics as (

    select distinct topic
    from untold

),

notice_times as (

    select distinct
        notices.topic,
        notices.occurred_at

    from notices
    inner join untold_topics on notices.topic = untold_topics.topic

),

stream as (

    select
        topic,
        occurred_at,
        occurred_at as notice_at,
        cast(null as string) as promise_event_id

    from notice_times

    union all

    select
        topic,
        occurred_at,
        cast(null as timestamp) as notice_at,
        promise_event_id

    from untold

),

next_notices as (

    -- `range` lets a notice at the same instant count.
    select
        promise_event_id,
        min(notice_at) over (
            partition by topic
            order by occurred_at range between current row and unbounded following
        ) as told_at

    from stream

),

told as (

    select
        promise_event_id,
        told_at

    from next_notices
    where promise_event_id is not null

),

-- The event that stands behind each notice, for the ledger.
notice_events as (

    select
        notices.topic,
        notices.occurred_at,
        notices.recorded_at,
        notices.event_id

    from notices
    inner join untold_topics on notices.topic = untold_topics.topic
    qualify row_number() over (
        partition by notices.topic, notices.occurred_at
        order by notices.recorded_at, notices.event_id
    ) = 1

),

-- Of several, the first counts.
firsts as (

    select
        events.promise_key,
        events.event,
        events.occurred_at,
        events.recorded_at,
        events.event_id,
        told.told_at

    from events
    left join told on events.promise_event_id = told.promise_event_id
    where
        events.event in (
            'kept_internally', 'kept', 'cancelled_by_customer', 'cancelled_by_company', 'taken_over'
        )
    qualify row_number() over (
        partition by events.promise_key, events.event
        order by
            events.occurred_at,
            events.record_key,
            events.source,
            events.position,
            events.promise_event_id
    ) = 1

),

endings as (

    select
        promise_key,
        max(case when event = 'kept_internally' then occurred_at end) as kept_internally_at,
        max(case when event = 'kept_internally' then recorded_at end) as kept_internally_recorded_at,
        max(case when event = 'kept_internally' then event_id end) as kept_internally_event_id,
        max(case when event = 'kept_internally' then told_at end) as told_at,
        max(case when event = 'kept' then occurred_at end) as observed_at,
        max(case when event = 'kept' then recorded_at end) as observed_recorded_at,
        max(case when event = 'kept' then event_id end) as observed_event_id,
        max(case when event = 'cancelled_by_customer' then occurred_at end) as cancelled_by_customer_at,
        max(case when event = 'cancelled_by_customer' then event_id end) as cancelled_by_customer_event_id,
        max(case when event = 'cancelled_by_customer' then recorded_at end)
            as cancelled_by_customer_recorded_at,
        max(case when event = 'cancelled_by_company' then occurred_at end) as cancelled_by_company_at,
        max(case when event = 'cancelled_by_company' then event_id end) as cancelled_by_company_event_id,
        max(case when event = 'cancelled_by_company' then recorded_at end)
            as cancelled_by_company_recorded_at,
        max(case when event = 'taken_over' then occurred_at end) as taken_over_at,
        max(case when event = 'taken_over' then event_id end) as taken_over_event_id,
        max(case when event = 'taken_over' then recorded_at end) as taken_over_recorded_at

    from firsts
    group by promise_key

),

-- Kept for the customer: where notice is needed, told or seen with their own eyes.
kept as (

    select
        promises.promise_key,
        promises.topic,
        promises.needs_notice,
        endings.kept_internally_at,
        endings.kept_internally_recorded_at,
        endings.kept_internally_event_id,
        endings.told_at,
        endings.observed_at,
        endings.observed_recorded_at,
        endings.observed_event_id,
        endings.cancelled_by_customer_at,
        endings.cancelled_by_customer_event_id,
        endings.cancelled_by_customer_recorded_at,
        endings.cancelled_by_company_event_id,
        endings.cancelled_by_company_recorded_at,
        least(
            endings.observed_at,
            case when promises.needs_notice then endings.told_at else endings.kept_internally_at end
        ) as kept_at,
        least(endings.cancelled_by_customer_at, endings.cancelled_by_company_at) as cancelled_at

    from promises
    left join endings on promises.promise_key = endings.promise_key

),

closed as (

    -- Kept and cancelled at one instant is kept; cancelled by both is by the customer.
    select
        kept.promise_key,
        kept.kept_internally_at,
        kept.observed_at,
        least(kept.observed_at, kept.told_at) as told_at,
        case when kept.cancelled_at < kept.kept_at then null else kept.kept_at end as kept_at,
        case
            when kept.kept_at = kept.observed_at then kept.observed_event_id
            when kept.needs_notice then notice_events.event_id
            else kept.kept_internally_event_id
        end as kept_event_id,
        case
            when kept.kept_at = kept.observed_at then kept.observed_recorded_at
            when kept.needs_notice then notice_events.recorded_at
            else kept.kept_internally_recorded_at
        end as kept_recorded_at,
        case when kept.kept_at <= kept.cancelled_at then null else kept.cancelled_at end as cancelled_at,
        case
            when kept.kept_at <= kept.cancelled_at or kept.cancelled_at is null then null
            when kept.cancelled_by_customer_at = kept.cancelled_at then 'customer'
            else 'company'
        end as cancelled_by,
        case
            when kept.cancelled_by_customer_at = kept.cancelled_at then kept.cancelled_by_customer_event_id
            else kept.cancelled_by_company_event_id
        end as cancelled_event_id,
        case
            when kept.cancelled_by_customer_at = kept.cancelled_at then kept.cancelled_by_customer_recorded_at
            else kept.cancelled_by_company_recorded_at
        end as cancelled_recorded_at,
        least(kept.kept_at, kept.cancelled_at) as closed_at

    from kept
    left join notice_events
        on
            kept.topic = notice_events.topic
            and kept.kept_at = notice_events.occurred_at

),

-- Another promise about the same delay took this one's place while it was open.
takeovers as (

    select
        closed.promise_key,
        endings.taken_over_at,
        endings.taken_over_event_id,
        endings.taken_over_recorded_at

    from closed
    inner join endings on closed.promise_key = endings.promise_key
    where
        endings.taken_over_at < coalesce(closed.closed_at, timestamp '9999-01-01 00:00:00')

),

-- One notice tells the newest date; a date that never reached the customer is none.
delivered as (

    select
        dated.*,
        case
            when dated.dating_number = 1 or dated.confidence = 'sla' then dated.occurred_at
            else told.told_at
        end as delivered_at

    from dated
    left join told on dated.promise_event_id = told.promise_event_id

),

delivered_once as (

    select delivered.*
    from delivered
    left join closed on delivered.promise_key = closed.promise_key
    left join takeovers on delivered.promise_key = takeovers.promise_key
    where
        delivered.dating_number = 1
        -- What keeps the promise needs no new date.
        or (
            delivered.delivered_at < coalesce(closed.closed_at, timestamp '9999-01-01 00:00:00')
            -- Of what another promise took over, no more is promised.
            and delivered.delivered_at < coalesce(takeovers.taken_over_at, timestamp '9999-01-01 00:00:00')
        )
    qualify row_number() over (
        partition by delivered.promise_key, delivered.delivered_at, delivered.dating_number = 1
        order by delivered.dating_number desc
    ) = 1

),

deliveries_compared as (

    select
        *,
        -- An SLA that is shortened into the past falls due when it is shortened.
        case
            when dating_number > 1 and confidence = 'sla' then greatest(due_at, delivered_at)
            else due_at
        end as due_in_force_at,
        lag(due_at) over deliveries as previous_due_at

    from delivered_once

    window deliveries as (partition by promise_key order by delivered_at, dating_number)

),

-- The same date again is no revision.
changed as (

    select * from deliveries_compared
    where dating_number = 1 or due_at != previous_due_at

),

with_grace as (

    select
        changed.*,
        {{ instant(
            epoch_micros('changed.due_in_force_at') ~ ' + rule.grace_micros + changed.grace_micros'
        ) }} as due_until

    from changed
    cross join rule

),

terms_marked as (

    -- Before its due, an SLA is only moved; anything else that the customer was told is a new
    -- promise.
    select
        *,
        case
            when
                dating_number > 1
                and confidence = 'sla'
                and delivered_at <= lag(due_until) over deliveries
                then 0
            else 1
        end as opens_term

    from with_grace

    window deliveries as (partition by promise_key order by delivered_at, dating_number)

),

terms_numbered as (

    select
        *,
        cast(
            sum(opens_term) over (
                partition by promise_key order by delivered_at, dating_number rows unbounded preceding
            ) - 1
            as integer
        ) as revision_number

    from terms_marked

),

openings as (

    select * from terms_numbered
    where opens_term = 1

),

dues as (

    select * from terms_numbered
    qualify row_number() over (
        partition by promise_key, revision_number
        order by delivered_at desc, dating_number desc
    ) = 1

),

terms as (

    select
        openings.promise_key,
        openings.revision_number,
        openings.delivered_at as made_at,
        coalesce(notice_events.recorded_at, openings.recorded_at) as made_recorded_at,
        openings.event_id as made_event_id,
        dues.due_in_force_at as due_at,
        dues.due_until,
        dues.is_date

    from openings
    inner join dues
        on
            openings.promise_key = dues.promise_key
            and openings.revision_number = dues.revision_number
    left join notice_events
        on
            openings.revision_number > 0
            and openings.topic = notice_events.topic
            and openings.delivered_at = notice_events.occurred_at

),

final as (

    select
        -- keys
        terms.promise_key || case
            when terms.revision_number = 0 then ''
            else ':r' || cast(terms.revision_number as string)
        end as promise_id,
        terms.promise_key,
        terms.revision_number,
        case terms.revision_number
            when 0 then cast(null as string)
            when 1 then terms.promise_key
            else terms.promise_key || ':r' || cast(terms.revision_number - 1 as string)
        end as previous_promise_id,
        promises.customer_id,
        promises.issue_id,
        promises.topic,

        -- what was promised, by whom
        promises.promise_kind,
        promises.needs_notice,
        promises.owner,
        promises.confidence,
        promises.origin,
        promises.time_zone,
        promises.calendar_id,
        terms.made_at,
        terms.due_at,
        terms.due_until,
        terms.is_date,

        -- what became of it
        coalesce(lead(terms.made_at) over revisions, takeovers.taken_over_at) as replaced_at,
        coalesce(lead(terms.made_event_id) over revisions, takeovers.taken_over_event_id)
            as replaced_event_id,
        coalesce(lead(terms.made_recorded_at) over revisions, takeovers.taken_over_recorded_at)
            as replaced_recorded_at,
        lead(terms.made_at) over revisions is null and takeovers.promise_key is not null
            as is_taken_over,
        closed.kept_internally_at,
        closed.observed_at,
        closed.told_at,
        closed.kept_at,
        closed.kept_event_id,
        closed.kept_recorded_at,
        closed.cancelled_at,
        closed.cancelled_by,
        closed.cancelled_event_id,
        closed.cancelled_recorded_at,
        closed.closed_at,

        -- where it was made
        promises.source,
        promises.record_type,
        promises.record_key,
        terms.made_event_id,
        terms.made_recorded_at,
        promises.touchpoint,
        promises.phase,
        promises.location_id,
        promises.employee_id

    from terms
    inner join promises on terms.promise_key = promises.promise_key
    left join closed on terms.promise_key = closed.promise_key
    left join takeovers on terms.promise_key = takeovers.promise_key

    window revisions as (partition by terms.promise_key order by terms.revision_number)

)

select * from final
