-- One row per promise of the engine, revisions included: its state, its days, and how often the
-- customer had to ask.

with

promises as (

    select * from {{ ref('int_promise_states') }}

),

notices as (

    select * from {{ ref('int_promise_notices') }}

),

subject_contacts as (

    select * from {{ ref('int_subject_contacts') }}

),

promise_contacts as (

    select * from {{ ref('int_promise_contacts') }}

),

calendar_days as (

    select
        calendar_id,
        day_number,
        is_open

    from {{ ref('int_calendar_days') }}

),

heard as (

    select
        promises.promise_id,
        promises.calendar_id,
        {{ local_day('notices.occurred_at', 'promises.time_zone') }} as day_number

    from promises
    inner join notices
        on
            promises.topic = notices.topic
            and promises.due_until < notices.occurred_at
            and notices.occurred_at <= coalesce(promises.closed_at, promises.as_of)
    where
        promises.overdue_days > 0
        and {{ local_day('notices.occurred_at', 'promises.time_zone') }} > promises.due_day
        and {{ local_day('notices.occurred_at', 'promises.time_zone') }} <= promises.last_day

),

-- A notice on the day that the promise closes counts up to the closing: later ones change nothing
-- that is past.
informed as (

    select
        heard.promise_id,
        count(distinct heard.day_number) as informed_days

    from heard
    left join calendar_days
        on
            heard.calendar_id = calendar_days.calendar_id
            and heard.day_number = calendar_days.day_number
    where coalesce(calendar_days.is_open, true)
    group by heard.promise_id

),

asked as (

    select
        promise_id,
        count(*) filter (where is_chase) as chase_count,
        count(*) filter (where not is_chase) as check_in_count,
        count(distinct excuse_interaction_id) as excuse_count

    from promise_contacts
    group by promise_id

),

handled as (

    select
        promises.promise_id,
        count(distinct subject_contacts.employee_id) as handler_count,
        max(case when subject_contacts.employee_id = promises.owner then 1 else 0 end) = 1
            as is_handled_by_owner

    from promises
    inner join subject_contacts
        on
            promises.topic = subject_contacts.topic
            and subject_contacts.employee_id is not null
            and promises.made_at <= subject_contacts.occurred_at
            and subject_contacts.occurred_at
            <= coalesce(promises.ended_at, promises.as_of)
    group by promises.promise_id

),

-- 'I will come back to you' was said about whatever was open then: the earliest due.
parents as (

    select
        children.promise_id,
        promises.promise_id as parent_promise_id

    from promises as children
    inner join promises
        on
            children.topic = promises.topic
            and promises.promise_kind != 'callback'
            and children.made_at > promises.made_at
            and coalesce(promises.ended_at, timestamp '9999-01-01 00:00:00') > children.made_at
    where children.promise_kind = 'callback'
    qualify row_number() over (
        partition by children.promise_id
        order by promises.due_until, promises.promise_id
    ) = 1

),

final as (

    select
        -- keys
        promises.promise_id,
        promises.previous_promise_id,
        parents.parent_promise_id,
        promises.promise_key,
        promises.revision_number,
        promises.customer_id,
        promises.issue_id,
        promises.topic,

        -- what was promised, by whom
        promises.promise_kind,
        promises.confidence,
        promises.origin,
        promises.needs_notice,
        promises.owner,
        promises.owner is null
        or (
            coalesce(handled.handler_count, 0) >= 3
            and not coalesce(handled.is_handled_by_owner, false)
        ) as is_orphan,
        promises.time_zone,
        promises.calendar_id,
        promises.made_at,
        promises.due_at,
        promises.due_until,
        promises.is_date,

        -- what became of it
        promises.replaced_at,
        promises.replaced_event_id,
        promises.replaced_recorded_at,
        promises.is_taken_over,
        promises.kept_internally_at,
        promises.told_at,
        promises.kept_at,
        promises.kept_event_id,
        promises.kept_recorded_at,
        promises.cancelled_at,
        promises.cancelled_by,
        promises.cancelled_event_id,
        promises.cancelled_recorded_at,
        promises.closed_at,
        promises.ended_at,
        promises.state,
        promises.is_feed_stale,
        promises.is_broken,
        promises.broken_at,

        -- what the customer went through
        promises.due_day,
        promises.last_day,
        promises.overdue_days,
        cast(promises.overdue_days - coalesce(informed.informed_days, 0) as bigint) as silent_days,
        cast(coalesce(informed.informed_days, 0) as bigint) as informed_days,
        promises.knowing_days,
        cast(coalesce(asked.chase_count, 0) as bigint) as chase_count,
        cast(coalesce(asked.check_in_count, 0) as bigint) as check_in_count,
        cast(coalesce(asked.excuse_count, 0) as bigint) as excuse_count,
        cast(coalesce(handled.handler_count, 0) as bigint) as handler_count,

        -- where it was made
        promises.source,
        promises.record_type,
        promises.record_key,
        promises.made_event_id,
        promises.made_recorded_at,
        promises.touchpoint,
        promises.phase,
        promises.location_id,
        promises.employee_id

    from promises
    left join parents on promises.promise_id = parents.promise_id
    left join informed on promises.promise_id = informed.promise_id
    left join asked on promises.promise_id = asked.promise_id
    left join handled on promises.promise_id = handled.promise_id

)

select * from final
