-- One row per opening span of a business calendar and hour of cumulative business time that it
-- touches: the due of a promise is found by joining on that hour.

with

days as (

    select * from {{ ref('int_calendar_days') }}

),

digits as (

    select digit.n from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digit (n)

),

hours as (

    select tens.n * 10 + ones.n as n
    from digits as tens
    cross join digits as ones
    where tens.n * 10 + ones.n <= 25

),

open_days as (

    select
        *,
        cast({{ div('open_micros_before', '3600000000') }} as bigint) as first_hour,
        cast({{ div('open_micros_before + open_micros - 1', '3600000000') }} as bigint) as last_hour

    from days
    where open_micros > 0

),

final as (

    select
        open_days.calendar_id,
        open_days.first_hour + hours.n as business_hour,
        open_days.day_number,
        open_days.opens_micros,
        open_days.open_micros_before,
        open_days.open_micros_before + open_days.open_micros as open_micros_after

    from open_days
    inner join hours on open_days.first_hour + hours.n <= open_days.last_hour

)

select * from final
