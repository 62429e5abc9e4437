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

    select distinct day_number
    from {{ ref('int_calendar_days') }}

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
        cast({{ instant('calendar_days.day_number * 86400000000') }} as date) as overdue_day,
        informed.promise_id is null as is_silent

    from promises
    inner join calendar_days
        on
            promises.due_day < calendar_days.day_number
            and promises.last_day >= calendar_days.day_number
    left join informed
        on
            promises.promise_id = informed.promise_id
            and calendar_days.day_number = informed.day_number

)

select * from final
