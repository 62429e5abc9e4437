-- The scoring derives breaches from signals, the engine states from events: they must agree.

with

promises as (

    select * from {{ ref('int_told_promises') }}
    where {{ is_external('customer_id') }}

),

-- A no-show is charged as such, and its promise not once more.
charged_as_no_show as (

    select promise_id
    from {{ ref('int_engine_promise_signals') }}
    where signal = 'promise.made' and due_at is null

),

promise_signals as (

    select * from {{ ref('int_promise_signals') }}
    where {{ is_external('customer_id') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

breaches as (

    select
        promise_signals.customer_id,
        promise_signals.promise_id,
        promise_signals.occurred_at

    from promise_signals
    cross join run
    where
        promise_signals.signal = 'promise.breach'
        and promise_signals.occurred_at <= run.as_of

),

broken as (

    select
        customer_id,
        promise_id,
        broken_at

    from promises
    where
        is_broken
        and (
            promise_kind != 'appointment'
            or state != 'cancelled_by_company'
            or promise_id not in (select charged_as_no_show.promise_id from charged_as_no_show)
        )

),

final as (

    select
        coalesce(breaches.promise_id, broken.promise_id) as promise_id,
        breaches.occurred_at,
        broken.broken_at

    from breaches
    full join broken
        on
            breaches.customer_id = broken.customer_id
            and breaches.promise_id = broken.promise_id
    where breaches.occurred_at is distinct from broken.broken_at

)

select * from final
