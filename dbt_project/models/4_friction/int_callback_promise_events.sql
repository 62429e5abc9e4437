-- 'I will come back to you': a promise of its own, due at the end of the next business day, kept
-- by the company's next contact on the issue, or when the customer has what they asked after.

with

contacts as (

    select * from {{ ref('int_subject_contacts') }}

),

source_promise_events as (

    select * from {{ ref('int_source_promise_events') }}

),

outcomes as (

    select * from {{ ref('contact_outcomes') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}
    where calendar_id = 'default'

),

zone as (

    select min(time_zone) as time_zone
    from {{ ref('calendars') }}
    where calendar_id = 'default'

),

rule as (

    select * from {{ ref('int_promise_rule') }}

),

said as (

    select contacts.*
    from contacts
    inner join outcomes on contacts.outcome = outcomes.outcome
    where outcomes.opens_callback
    qualify row_number() over (
        partition by
            contacts.customer_id,
            contacts.issue_id,
            contacts.contact_id,
            contacts.is_customer_contact
        order by contacts.occurred_at, contacts.interaction_id
    ) = 1

),

-- A source that records the callback as a promise of its own within the hour has said it better.
recorded_better as (

    select distinct said.interaction_id
    from said
    inner join source_promise_events
        on
            said.customer_id = source_promise_events.customer_id
            and said.issue_id = source_promise_events.issue_id
            and source_promise_events.promise_kind = 'callback'
            and source_promise_events.event = 'made'
            and said.occurred_at <= source_promise_events.occurred_at
            and source_promise_events.occurred_at <= said.occurred_at + interval '1' hour

),

openings as (

    select said.*
    from said
    left join recorded_better on said.interaction_id = recorded_better.interaction_id
    where recorded_better.interaction_id is null

),

openings_dated as (

    select
        openings.*,
        'callback/' || openings.interaction_id as promise_key,
        zone.time_zone,
        {{ local_day('openings.occurred_at', 'zone.time_zone') }} as day_number

    from openings
    cross join zone

),

due_days as (

    select
        openings_dated.*,
        calendar_days.business_day_number + rule.callback_business_days as due_business_day

    from openings_dated
    cross join rule
    inner join calendar_days on openings_dated.day_number = calendar_days.day_number

),

promises as (

    select
        due_days.*,
        {{ instant('calendar_days.ends_micros') }} as due_at

    from due_days
    inner join calendar_days
        on
            due_days.due_business_day = calendar_days.business_day_number
            and calendar_days.is_open

),

issues as (

    select distinct
        customer_id,
        issue_id

    from openings

),

-- What can end the wait: the company gets in touch, or the customer has the thing itself.
endings as (

    select
        customer_id,
        issue_id,
        occurred_at,
        recorded_at,
        source,
        record_type,
        record_key,
        event_id

    from contacts
    where is_company_contact and is_human_contact

    union all

    select
        customer_id,
        issue_id,
        occurred_at,
        recorded_at,
        source,
        record_type,
        record_key,
        event_id

    from source_promise_events
    where event = 'kept' and issue_id is not null

),

endings_numbered as (

    select
        endings.*,
        row_number() over (
            partition by endings.customer_id, endings.issue_id
            order by endings.occurred_at, endings.record_key, endings.source, endings.event_id
        ) as ending_number

    from endings
    inner join issues
        on
            endings.customer_id = issues.customer_id
            and endings.issue_id = issues.issue_id

),

-- The next ending after the promise; one at the same instant is the contact that made it.
stream as (

    select
        customer_id,
        issue_id,
        occurred_at,
        0 as is_opening,
        ending_number,
        cast(null as string) as promise_key

    from endings_numbered

    union all

    select
        customer_id,
        issue_id,
        occurred_at,
        1 as is_opening,
        cast(null as bigint) as ending_number,
        promise_key

    from promises

),

endings_counted as (

    select
        customer_id,
        issue_id,
        promise_key,
        coalesce(max(ending_number) over history, 0) + 1 as ending_number

    from stream

    window history as (
        partition by customer_id, issue_id
        order by occurred_at, is_opening, ending_number nulls last, promise_key
        rows unbounded preceding
    )

),

next_endings as (

    select * from endings_counted
    where promise_key is not null

),

kept as (

    select
        promises.promise_key,
        endings_numbered.occurred_at,
        endings_numbered.recorded_at,
        endings_numbered.source,
        endings_numbered.record_type,
        endings_numbered.record_key,
        endings_numbered.event_id,
        promises.time_zone,
        promises.customer_id,
        promises.issue_id,
        promises.touchpoint,
        promises.phase,
        promises.location_id,
        promises.employee_id

    from promises
    inner join next_endings on promises.promise_key = next_endings.promise_key
    inner join endings_numbered
        on
            next_endings.customer_id = endings_numbered.customer_id
            and next_endings.issue_id = endings_numbered.issue_id
            and next_endings.ending_number = endings_numbered.ending_number

),

events as (

    select
        promise_key,
        'made' as event,
        occurred_at,
        recorded_at,
        due_at,
        time_zone,
        customer_id,
        issue_id,
        source,
        record_type,
        record_key,
        event_id,
        touchpoint,
        phase,
        location_id,
        employee_id

    from promises

    union all

    select
        promise_key,
        'kept' as event,
        occurred_at,
        recorded_at,
        cast(null as timestamp) as due_at,
        time_zone,
        customer_id,
        issue_id,
        source,
        record_type,
        record_key,
        event_id,
        touchpoint,
        phase,
        location_id,
        employee_id

    from kept

),

final as (

    select
        promise_key,
        'callback' as promise_kind,
        event,
        occurred_at,
        recorded_at,
        due_at,
        true as is_date,
        time_zone,
        'default' as calendar_id,
        0 as grace_micros,
        customer_id,
        issue_id,
        false as needs_notice,
        -- Whoever said it owns it.
        employee_id as owner,
        'inferred' as confidence,
        'callback' as origin,
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
