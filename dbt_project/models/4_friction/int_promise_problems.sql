-- One row per fault in the data of a promise, with its reason: flagged and counted, never a silent
-- zero, and never a stop of the rest.

with

events as (

    select * from {{ ref('int_promise_events') }}

),

promises as (

    select * from {{ ref('int_engine_promises') }}

),

-- Imported twice, each with what is needed there: a CTE that is read twice would be copied whole.
steps as (

    select * from {{ ref('int_journey_steps') }}
    where signal in ('promise.made', 'promise.kept')

),

kept_steps as (

    select * from {{ ref('int_journey_steps') }}
    where signal = 'promise.kept'

),

dated as (

    select distinct promise_key
    from events
    where event in ('made', 'revised') and due_at is not null

),

kept_again as (

    select
        'kept_twice' as problem,
        promise_key as promise_id,
        customer_id,
        source,
        record_key,
        event_id,
        occurred_at

    from events
    where event = 'kept'
    qualify row_number() over (
        partition by promise_key, event
        order by occurred_at, record_key, source, position, promise_event_id
    ) > 1

),

kept_unmade as (

    select
        'kept_without_made' as problem,
        events.promise_key as promise_id,
        events.customer_id,
        events.source,
        events.record_key,
        events.event_id,
        events.occurred_at

    from events
    left join dated on events.promise_key = dated.promise_key
    where
        events.event = 'kept'
        and dated.promise_key is null

),

due_before_made as (

    select
        'due_before_made' as problem,
        promise_id,
        customer_id,
        source,
        record_key,
        made_event_id as event_id,
        made_at as occurred_at

    from promises
    where due_until < made_at

),

unknown_for_want_of_news as (

    select
        'fulfilment_feed_stale' as problem,
        promise_id,
        customer_id,
        source,
        record_key,
        made_event_id as event_id,
        due_until as occurred_at

    from promises
    where state = 'unknown' and due_until >= made_at

),

-- Few promises are kept twice, or without being made: only the rows of these are put in order.
odd as (

    select
        customer_id,
        promise_id,
        count(*) filter (where signal = 'promise.made') > 0 as is_made

    from steps
    group by
        customer_id,
        promise_id
    having
        count(*) filter (where signal = 'promise.kept')
        > case when count(*) filter (where signal = 'promise.made') > 0 then 1 else 0 end

),

odd_steps as (

    select
        kept_steps.promise_id,
        kept_steps.customer_id,
        kept_steps.source,
        kept_steps.record_key,
        kept_steps.event_id,
        kept_steps.occurred_at,
        odd.is_made,
        row_number() over (
            partition by kept_steps.customer_id, kept_steps.promise_id
            order by
                kept_steps.occurred_at,
                kept_steps.record_key,
                kept_steps.source,
                kept_steps.position,
                kept_steps.interaction_id
        ) as place

    from kept_steps
    inner join odd
        on
            kept_steps.customer_id = odd.customer_id
            and kept_steps.promise_id is not distinct from odd.promise_id

),

stated as (

    select
        case when is_made then 'kept_twice' else 'kept_without_made' end as problem,
        promise_id,
        customer_id,
        source,
        record_key,
        event_id,
        occurred_at

    from odd_steps
    where place > 1 or not is_made

),

together as (

    select * from kept_again
    union all
    select * from kept_unmade
    union all
    select * from due_before_made
    union all
    select * from unknown_for_want_of_news
    union all
    select * from stated

),

final as (

    select
        {{ surrogate_key(['problem', 'promise_id', 'customer_id', 'event_id', 'record_key', 'occurred_at']) }}
            as promise_problem_id,
        problem,
        promise_id,
        customer_id,
        source,
        record_key,
        event_id,
        occurred_at,
        case problem
            when 'kept_twice' then 'the promise was kept before: the first keeping counts'
            when 'kept_without_made' then 'nothing tells when this was promised: it has no due'
            when 'due_before_made' then 'the due is before the promise: counted neither kept nor broken'
            else 'the feed that tells of its keeping ends before the due: neither kept nor broken'
        end as reason

    from together

)

select * from final
