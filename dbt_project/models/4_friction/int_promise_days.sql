-- One row per overdue local day of a promise. A view: the spine stands only while somebody reads
-- it, and only where a clock is open or was closed late.

{{ config(materialized='view') }}

with

promises as (

    select * from {{ ref('int_engine_promises') }}
    where overdue_days > 0

),

notices as (

    select * from {{ ref('int_promise_notices') }}

),

calendar_days as (

    select
        calendar_id,
        day_number,
        is_open

    from {{ ref('int_calendar_days') }}

),

-- The days of every calendar are the same.
days as (

    select distinct day_number
    from calendar_days

),

run as (

    select * from {{ ref('stg_run') }}

),

informed as (

    select distinct
        promises.promise_id,
        {{ local_day('notices.occurred_at', 'promises.time_zone') }} as day_number

    from promises
    cross join run
    inner join notices
        on
            promises.topic = notices.topic
            and promises.due_until < notices.occurred_at
            and notices.occurred_at <= coalesce(promises.closed_at, run.as_of)

),

final as (

    select
        promises.promise_id,
        promises.customer_id,
        cast({{ instant('days.day_number * 86400000000') }} as date) as overdue_day,
        informed.promise_id is null as is_silent

    from promises
    inner join days
        on
            promises.due_day < days.day_number
            and promises.last_day >= days.day_number
    left join calendar_days
        on
            promises.calendar_id = calendar_days.calendar_id
            and days.day_number = calendar_days.day_number
    left join informed
        on
            promises.promise_id = informed.promise_id
            and days.day_number = informed.day_number
    -- Of a promise with a business calendar, a day on which it is closed is no overdue day.
    where coalesce(calendar_days.is_open, true)

)

select * from final
