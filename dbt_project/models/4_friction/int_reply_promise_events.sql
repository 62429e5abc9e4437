-- Promises that nobody spoke: an unanswered message of a customer falls due by the reply standard
-- of its channel, in business time. Made with the message, kept with the first human reply.

with

contacts as (

    select * from {{ ref('int_subject_contacts') }}

),

source_promise_events as (

    select * from {{ ref('int_source_promise_events') }}

),

standards as (

    select * from {{ ref('reply_standards') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

),

calendar_spans as (

    select * from {{ ref('int_calendar_spans') }}

),

zones as (

    select
        calendar_id,
        min(time_zone) as time_zone

    from {{ ref('calendars') }}
    group by calendar_id

),

-- One delay, one charge: from when the source has a reply promise of its own, it is the one. What
-- fell due before stays: no later clock changes a past day.
own_promises as (

    select
        customer_id,
        issue_id,
        occurred_at as started_at,
        recorded_at,
        source,
        record_type,
        record_key,
        event_id,
        touchpoint,
        phase,
        location_id,
        employee_id

    from source_promise_events
    where promise_kind = 'reply' and issue_id is not null
    qualify row_number() over (
        partition by customer_id, issue_id
        order by occurred_at, record_key, source, position, event_id
    ) = 1

),

messages_and_replies as (

    select
        contacts.*,
        contacts.is_company_contact as is_reply

    from contacts
    left join standards on contacts.channel = standards.channel
    where
        contacts.is_human_contact
        and (
            contacts.is_company_contact
            -- A call or chat that somebody took was answered; a voicemail was not.
            or (
                standards.channel is not null
                and coalesce(contacts.talk_seconds, 0) = 0
                and (contacts.channel != 'chat' or contacts.employee_id is null)
                and (contacts.channel != 'phone' or contacts.outcome = 'voicemail')
            )
        )

),

replies_counted as (

    -- A reply at the very instant of a message answers it.
    select
        *,
        cast(sum(case when is_reply then 1 else 0 end) over history as bigint) as reply_count

    from messages_and_replies

    window history as (
        partition by customer_id, issue_id
        order by occurred_at, is_reply, interaction_id rows unbounded preceding
    )

),

-- Only the first of several unanswered messages makes a promise; the others ask after it.
openings as (

    select * from replies_counted
    where not is_reply
    qualify row_number() over (
        partition by customer_id, issue_id, reply_count
        order by occurred_at, interaction_id
    ) = 1

),

openings_dated as (

    select
        openings.*,
        standards.calendar_id,
        standards.standard_minutes * 60000000 as standard_micros,
        zones.time_zone,
        {{ epoch_micros('openings.occurred_at') }} as message_micros,
        {{ local_day('openings.occurred_at', 'zones.time_zone') }} as day_number

    from openings
    inner join standards on openings.channel = standards.channel
    inner join zones on standards.calendar_id = zones.calendar_id
    left join own_promises
        on
            openings.customer_id = own_promises.customer_id
            and openings.issue_id = own_promises.issue_id
    where
        own_promises.started_at is null
        -- A message and the clock that it starts are written within a minute of each other.
        or own_promises.started_at > openings.occurred_at + interval '1 minute'

),

targets as (

    select
        openings_dated.*,
        -- business time until the message: the days before, and its part of its own day
        calendar_days.open_micros_before
        + coalesce(
            least(
                greatest(openings_dated.message_micros - calendar_days.opens_micros, 0),
                calendar_days.open_micros
            ),
            0
        )
        + openings_dated.standard_micros as target_micros

    from openings_dated
    inner join calendar_days
        on
            openings_dated.calendar_id = calendar_days.calendar_id
            and openings_dated.day_number = calendar_days.day_number

),

target_hours as (

    select
        *,
        cast({{ div('target_micros - 1', '3600000000') }} as bigint) as business_hour

    from targets

),

promises as (

    select
        target_hours.*,
        'reply/' || target_hours.interaction_id as promise_key,
        calendar_spans.opens_micros + target_hours.target_micros - calendar_spans.open_micros_before
            as due_micros

    from target_hours
    inner join calendar_spans
        on
            target_hours.calendar_id = calendar_spans.calendar_id
            and target_hours.business_hour = calendar_spans.business_hour
            and target_hours.target_micros > calendar_spans.open_micros_before
            and target_hours.target_micros <= calendar_spans.open_micros_after

),

replies as (

    select * from replies_counted
    where is_reply

),

events as (

    select
        promises.promise_key,
        'made' as event,
        promises.occurred_at,
        promises.recorded_at,
        {{ instant('promises.due_micros') }} as due_at,
        promises.time_zone,
        promises.calendar_id,
        promises.customer_id,
        promises.issue_id,
        promises.source,
        promises.record_type,
        promises.record_key,
        promises.event_id,
        promises.touchpoint,
        promises.phase,
        promises.location_id,
        promises.employee_id

    from promises

    union all

    select
        promises.promise_key,
        'kept' as event,
        replies.occurred_at,
        replies.recorded_at,
        cast(null as timestamp) as due_at,
        promises.time_zone,
        promises.calendar_id,
        promises.customer_id,
        promises.issue_id,
        replies.source,
        replies.record_type,
        replies.record_key,
        replies.event_id,
        replies.touchpoint,
        replies.phase,
        replies.location_id,
        replies.employee_id

    from promises
    inner join replies
        on
            promises.customer_id = replies.customer_id
            and promises.issue_id = replies.issue_id
            and promises.reply_count + 1 = replies.reply_count

    union all

    select
        promises.promise_key,
        'taken_over' as event,
        own_promises.started_at as occurred_at,
        own_promises.recorded_at,
        cast(null as timestamp) as due_at,
        promises.time_zone,
        promises.calendar_id,
        promises.customer_id,
        promises.issue_id,
        own_promises.source,
        own_promises.record_type,
        own_promises.record_key,
        own_promises.event_id,
        own_promises.touchpoint,
        own_promises.phase,
        own_promises.location_id,
        own_promises.employee_id

    from promises
    inner join own_promises
        on
            promises.customer_id = own_promises.customer_id
            and promises.issue_id = own_promises.issue_id

),

final as (

    select
        promise_key,
        'reply' as promise_kind,
        event,
        occurred_at,
        recorded_at,
        due_at,
        false as is_date,
        time_zone,
        calendar_id,
        0 as grace_micros,
        customer_id,
        issue_id,
        false as needs_notice,
        cast(null as string) as owner,
        'sla' as confidence,
        'standard' as origin,
        source,
        record_type,
        record_key,
        0 as position,
        event_id,
        touchpoint,
        phase,
        location_id,
        employee_id

    from events

)

select * from final
