-- One row per thing that a source's records say about a promise, with its customer and issue.

{% set sources = [
    'connect',
    'zendesk',
    'segment',
    'shopify',
    'appointments',
    'mapped',
] %}

with

feeds as (

    select * from {{ ref('fulfilment_feeds') }}

),

kind_calendars as (

    select * from {{ ref('promise_calendars') }}

),

event_customers as (

    select * from {{ ref('int_event_customers') }}

),

-- Imported thrice: a CTE that is read twice would be copied whole.
steps as (

    select * from {{ ref('int_journey_steps') }}

),

issue_steps as (

    select * from {{ ref('int_journey_steps') }}

),

parcel_steps as (

    select * from {{ ref('int_journey_steps') }}
    where kind in ('fulfilled', 'delivered')

),

run as (

    select * from {{ ref('stg_run') }}

),

stated as (

    {% for source in sources %}
        select
            promise_key,
            promise_kind,
            event,
            occurred_at,
            recorded_at,
            due_at,
            is_date,
            coalesce(time_zone, 'UTC') as time_zone,
            {{ 'calendar_id' if source == 'mapped' else 'cast(null as string)' }} as calendar_id,
            {{ 'grace_micros' if source == 'appointments' else '0' }} as grace_micros,
            subject_type || ':' || subject_key as stated_issue_id,
            needs_notice,
            owner,
            confidence,
            source,
            record_type,
            record_key,
            position,
            event_id
        from {{ ref('stg_' ~ source ~ '__promise_events') }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- Each version of a record repeats what the earlier ones said: the first recorded counts.
said_once as (

    select stated.*
    from stated
    where stated.occurred_at <= (select run.as_of from run)
    qualify row_number() over (
        partition by stated.promise_key, stated.event, stated.occurred_at, stated.due_at
        order by stated.recorded_at, stated.event_id, stated.position
    ) = 1

),

records as (

    select distinct
        source,
        record_type,
        record_key

    from said_once

),

issues as (

    select distinct stated_issue_id as issue_id
    from said_once
    where stated_issue_id is not null

),

-- The interaction of the same record tells where the promise was made, and its issue if the
-- promise states none.
record_steps as (

    select
        steps.source,
        steps.record_type,
        steps.record_key,
        steps.customer_id,
        steps.issue_id,
        steps.touchpoint,
        steps.phase,
        steps.location_id,
        steps.employee_id

    from steps
    inner join records
        on
            steps.source = records.source
            and steps.record_type = records.record_type
            and steps.record_key = records.record_key
    qualify row_number() over (
        partition by steps.source, steps.record_type, steps.record_key
        order by steps.position, steps.interaction_id
    ) = 1

),

issue_owners as (

    select
        issue_steps.issue_id,
        issue_steps.customer_id

    from issue_steps
    inner join issues on issue_steps.issue_id = issues.issue_id
    qualify row_number() over (
        partition by issue_steps.issue_id
        order by issue_steps.is_anonymous, issue_steps.occurred_at, issue_steps.interaction_id
    ) = 1

),

placed as (

    select
        said_once.*,
        coalesce(said_once.stated_issue_id, record_steps.issue_id) as issue_id,
        coalesce(event_customers.customer_id, record_steps.customer_id, issue_owners.customer_id)
            as customer_id,
        record_steps.touchpoint,
        record_steps.phase,
        record_steps.location_id,
        record_steps.employee_id

    from said_once
    left join event_customers on said_once.event_id = event_customers.event_id
    left join record_steps
        on
            said_once.source = record_steps.source
            and said_once.record_type = record_steps.record_type
            and said_once.record_key = record_steps.record_key
    left join issue_owners on said_once.stated_issue_id = issue_owners.issue_id

),

-- All events of a promise belong to one customer and one issue: those of its first event that
-- has them.
promise_customers as (

    select
        promise_key,
        customer_id

    from placed
    where customer_id is not null
    qualify row_number() over (
        partition by promise_key
        order by occurred_at, record_key, source, position, event_id
    ) = 1

),

promise_issues as (

    select
        promise_key,
        issue_id

    from placed
    where issue_id is not null
    qualify row_number() over (
        partition by promise_key
        order by occurred_at, record_key, source, position, event_id
    ) = 1

),

owned as (

    select
        placed.promise_key,
        placed.promise_kind,
        placed.event,
        placed.occurred_at,
        placed.recorded_at,
        placed.due_at,
        placed.is_date,
        placed.time_zone,
        coalesce(placed.calendar_id, own_calendars.calendar_id, any_calendars.calendar_id)
            as calendar_id,
        placed.grace_micros,
        coalesce(
            promise_customers.customer_id,
            'anon-' || md5(coalesce(promise_issues.issue_id, placed.promise_key))
        ) as customer_id,
        promise_issues.issue_id,
        placed.needs_notice,
        placed.owner,
        placed.confidence,
        'source' as origin,
        placed.source,
        placed.record_type,
        placed.record_key,
        placed.position,
        placed.event_id,
        placed.touchpoint,
        placed.phase,
        placed.location_id,
        placed.employee_id

    from placed
    left join promise_customers on placed.promise_key = promise_customers.promise_key
    left join promise_issues on placed.promise_key = promise_issues.promise_key
    left join kind_calendars as own_calendars
        on
            placed.source = own_calendars.promise_source
            and placed.promise_kind = own_calendars.promise_kind
    left join kind_calendars as any_calendars
        on
            placed.promise_kind = any_calendars.promise_kind
            and any_calendars.promise_source = '*'

),

-- When each promise began: its first date.
begun as (

    select * from owned
    where event in ('made', 'revised') and due_at is not null
    qualify row_number() over (
        partition by promise_key
        order by occurred_at, record_key, source, position, event_id
    ) = 1

),

-- Promises that one source makes and another one keeps: the delivery date that a web page showed
-- and the parcel of the shop.
entrusted as (

    select
        begun.*,
        feeds.fulfilment_source

    from begun
    inner join feeds
        on
            begun.source = feeds.promise_source
            and begun.promise_kind = feeds.promise_kind
    where feeds.promise_source != feeds.fulfilment_source

),

-- One delay, one charge: where the keeper told the customer a date of its own, that is the promise,
-- from then on.
told_by_keeper as (

    select
        entrusted.promise_key,
        entrusted.occurred_at as begun_at,
        begun.promise_key as other_key,
        begun.occurred_at as other_begun_at

    from entrusted
    inner join begun
        on
            entrusted.fulfilment_source = begun.source
            and entrusted.promise_kind = begun.promise_kind
            and entrusted.issue_id = begun.issue_id
            and begun.confidence != 'sla'
    qualify row_number() over (
        partition by entrusted.promise_key
        order by begun.occurred_at, begun.promise_key
    ) = 1

),

-- And where it only set itself a deadline, the date that the customer was told is the promise.
told_besides as (

    select
        begun.promise_key,
        begun.occurred_at as begun_at,
        entrusted.promise_key as other_key,
        entrusted.occurred_at as other_begun_at

    from begun
    inner join entrusted
        on
            begun.source = entrusted.fulfilment_source
            and begun.promise_kind = entrusted.promise_kind
            and begun.issue_id = entrusted.issue_id
            and begun.confidence = 'sla'
    qualify row_number() over (
        partition by begun.promise_key
        order by entrusted.occurred_at, entrusted.promise_key
    ) = 1

),

outranked as (

    select
        *,
        -- The page and the shop write the same order down within a minute of each other.
        other_begun_at <= begun_at + interval '1 minute' as is_from_the_start

    from (
        select * from told_by_keeper
        union all
        select * from told_besides
    ) as pairs

),

standing as (

    select entrusted.*
    from entrusted
    left join outranked
        on
            entrusted.promise_key = outranked.promise_key
            and outranked.is_from_the_start
    where outranked.promise_key is null

),

parcels as (

    select
        standing.promise_key,
        parcel_steps.kind,
        parcel_steps.kind = 'delivered' as is_arrival,
        parcel_steps.occurred_at,
        parcel_steps.recorded_at,
        parcel_steps.source,
        parcel_steps.record_type,
        parcel_steps.record_key,
        parcel_steps.position,
        parcel_steps.event_id

    from standing
    inner join parcel_steps
        on
            standing.issue_id = parcel_steps.issue_id
            and standing.fulfilment_source = parcel_steps.source
            and standing.promise_kind = 'delivery'

),

-- An order in two parcels is delivered with the second, if it was sent before the first arrived:
-- kept is when nothing that was sent is still on its way.
arrivals as (

    select
        *,
        sum(case when kind = 'fulfilled' then 1 else -1 end) over (
            partition by promise_key
            order by occurred_at, is_arrival, record_key, position, event_id
            rows unbounded preceding
        ) as on_its_way

    from parcels

),

what_keeps as (

    select
        promise_key,
        'kept' as event,
        occurred_at,
        recorded_at,
        source,
        record_type,
        record_key,
        position,
        event_id

    from arrivals
    where kind = 'delivered' and on_its_way <= 0

    union all

    select
        standing.promise_key,
        owned.event,
        owned.occurred_at,
        owned.recorded_at,
        owned.source,
        owned.record_type,
        owned.record_key,
        owned.position,
        owned.event_id

    from standing
    inner join owned
        on
            standing.fulfilment_source = owned.source
            and standing.promise_kind = owned.promise_kind
            and standing.issue_id = owned.issue_id
            and owned.confidence != 'sla'
            and owned.event not in ('made', 'revised')

    union all

    -- A deadline to send is not kept for the customer by sending; called off is called off.
    select
        standing.promise_key,
        owned.event,
        owned.occurred_at,
        owned.recorded_at,
        owned.source,
        owned.record_type,
        owned.record_key,
        owned.position,
        owned.event_id

    from standing
    inner join owned
        on
            standing.fulfilment_source = owned.source
            and standing.promise_kind = owned.promise_kind
            and standing.issue_id = owned.issue_id
            and owned.confidence = 'sla'
            and owned.event in ('cancelled_by_customer', 'cancelled_by_company')

),

-- The keeper's first word counts: a later one changes no past day.
first_words as (

    select * from what_keeps
    qualify row_number() over (
        partition by promise_key, event
        order by occurred_at, record_key, position, event_id
    ) = 1

),

adopted as (

    select * from first_words

    union all

    select
        outranked.promise_key,
        'taken_over' as event,
        others.occurred_at,
        others.recorded_at,
        others.source,
        others.record_type,
        others.record_key,
        others.position,
        others.event_id

    from outranked
    inner join begun as others on outranked.other_key = others.promise_key
    where not outranked.is_from_the_start

),

final as (

    select owned.*
    from owned
    left join outranked
        on
            owned.promise_key = outranked.promise_key
            and outranked.is_from_the_start
    where outranked.promise_key is null

    union all

    select
        adopted.promise_key,
        begun.promise_kind,
        adopted.event,
        adopted.occurred_at,
        adopted.recorded_at,
        cast(null as timestamp) as due_at,
        begun.is_date,
        begun.time_zone,
        begun.calendar_id,
        begun.grace_micros,
        begun.customer_id,
        begun.issue_id,
        begun.needs_notice,
        begun.owner,
        begun.confidence,
        begun.origin,
        adopted.source,
        adopted.record_type,
        adopted.record_key,
        adopted.position,
        adopted.event_id,
        begun.touchpoint,
        begun.phase,
        begun.location_id,
        begun.employee_id

    from adopted
    inner join begun on adopted.promise_key = begun.promise_key

)

select * from final
