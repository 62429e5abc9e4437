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

event_customers as (

    select * from {{ ref('int_event_customers') }}

),

steps as (

    select * from {{ ref('int_journey_steps') }}

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
        steps.issue_id,
        steps.customer_id

    from steps
    inner join issues on steps.issue_id = issues.issue_id
    qualify row_number() over (
        partition by steps.issue_id
        order by steps.is_anonymous, steps.occurred_at, steps.interaction_id
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

),

-- Promises that one source makes and another one keeps: the delivery date that a web page showed
-- and the parcel of the shop.
entrusted as (

    select distinct
        owned.promise_key,
        owned.promise_kind,
        owned.issue_id,
        feeds.fulfilment_source

    from owned
    inner join feeds
        on
            owned.source = feeds.promise_source
            and owned.promise_kind = feeds.promise_kind
    where feeds.promise_source != feeds.fulfilment_source

),

told_promises as (

    select distinct
        source,
        promise_kind,
        issue_id

    from owned
    where
        event in ('made', 'revised')
        and due_at is not null
        and issue_id is not null
        and confidence != 'sla'

),

-- One delay, one charge: where the keeper told the customer a date of its own, that is the promise.
told_by_keeper as (

    select distinct entrusted.promise_key
    from entrusted
    inner join told_promises
        on
            entrusted.fulfilment_source = told_promises.source
            and entrusted.promise_kind = told_promises.promise_kind
            and entrusted.issue_id = told_promises.issue_id

),

standing as (

    select entrusted.*
    from entrusted
    left join told_by_keeper on entrusted.promise_key = told_by_keeper.promise_key
    where told_by_keeper.promise_key is null

),

-- And where it only set itself a deadline, the date that the customer was told is the promise.
yielding as (

    select distinct owned.promise_key
    from owned
    inner join standing
        on
            owned.source = standing.fulfilment_source
            and owned.promise_kind = standing.promise_kind
            and owned.issue_id = standing.issue_id

),

what_keeps as (

    select
        standing.promise_key,
        'kept' as event,
        steps.occurred_at,
        steps.recorded_at,
        steps.source,
        steps.record_type,
        steps.record_key,
        steps.position,
        steps.event_id

    from standing
    inner join steps
        on
            standing.issue_id = steps.issue_id
            and standing.fulfilment_source = steps.source
            and standing.promise_kind = 'delivery'
            and steps.kind = 'delivered'

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

-- The keeper's last word counts: an order in two parcels is delivered with the second.
adopted as (

    select * from what_keeps
    qualify row_number() over (
        partition by promise_key, event
        order by occurred_at desc, record_key desc, position desc, event_id desc
    ) = 1

),

standing_promises as (

    select owned.*
    from owned
    inner join standing on owned.promise_key = standing.promise_key
    where owned.event in ('made', 'revised')
    qualify row_number() over (
        partition by owned.promise_key
        order by owned.occurred_at, owned.record_key, owned.source, owned.position, owned.event_id
    ) = 1

),

final as (

    select owned.*
    from owned
    left join told_by_keeper on owned.promise_key = told_by_keeper.promise_key
    left join yielding on owned.promise_key = yielding.promise_key
    where
        told_by_keeper.promise_key is null
        and yielding.promise_key is null

    union all

    select
        adopted.promise_key,
        standing_promises.promise_kind,
        adopted.event,
        adopted.occurred_at,
        adopted.recorded_at,
        cast(null as timestamp) as due_at,
        standing_promises.is_date,
        standing_promises.time_zone,
        standing_promises.customer_id,
        standing_promises.issue_id,
        standing_promises.needs_notice,
        standing_promises.owner,
        standing_promises.confidence,
        standing_promises.origin,
        adopted.source,
        adopted.record_type,
        adopted.record_key,
        adopted.position,
        adopted.event_id,
        standing_promises.touchpoint,
        standing_promises.phase,
        standing_promises.location_id,
        standing_promises.employee_id

    from adopted
    inner join standing_promises on adopted.promise_key = standing_promises.promise_key

)

select * from final
