-- One row per business calendar and local day, 1990 to 2044: when it is open, in UTC
-- microseconds, and how much it had been open before.

with

calendars as (

    select * from {{ ref('calendars') }}

),

holidays as (

    select * from {{ ref('holidays') }}

),

digits as (

    select digit.n from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digit (n)

),

days as (

    -- 7305 is 1990-01-01; 1970-01-01 was a Thursday.
    select
        7305 + n as day_number,
        (7305 + n + 3) % 7 + 1 as weekday

    from (
        select e.n * 10000 + d.n * 1000 + c.n * 100 + b.n * 10 + a.n as n
        from digits as a
        cross join digits as b
        cross join digits as c
        cross join digits as d
        cross join digits as e
        where e.n < 2
    ) as numbers

),

holiday_numbers as (

    select distinct
        calendar_id,
        cast(floor({{ epoch_micros('cast(holiday as timestamp)') }} / 86400000000.0) as integer) as day_number

    from holidays

),

zones as (

    select
        calendar_id,
        min(time_zone) as time_zone

    from calendars
    group by calendar_id

),

opening as (

    select
        zones.calendar_id,
        zones.time_zone,
        days.day_number,
        case
            when holiday_numbers.day_number is null
                then
                    cast(substr(calendars.opens_at, 1, 2) as bigint) * 60
                    + cast(substr(calendars.opens_at, 4, 2) as bigint)
        end as opens_minute,
        case
            when holiday_numbers.day_number is null
                then
                    cast(substr(calendars.closes_at, 1, 2) as bigint) * 60
                    + cast(substr(calendars.closes_at, 4, 2) as bigint)
        end as closes_minute

    from zones
    cross join days
    left join calendars
        on
            zones.calendar_id = calendars.calendar_id
            and days.weekday = calendars.weekday
    left join holiday_numbers
        on
            zones.calendar_id = holiday_numbers.calendar_id
            and days.day_number = holiday_numbers.day_number

),

on_the_wall as (

    select
        calendar_id,
        time_zone,
        day_number,
        {{ instant('day_number * 86400000000 + opens_minute * 60000000') }} as opens_on_the_wall_at,
        {{ instant('day_number * 86400000000 + closes_minute * 60000000') }} as closes_on_the_wall_at,
        {{ instant('(day_number + 1) * 86400000000') }} as ends_on_the_wall_at

    from opening

),

in_utc as (

    select
        calendar_id,
        time_zone,
        day_number,
        {{ epoch_micros(utc_instant('opens_on_the_wall_at', 'time_zone')) }} as opens_micros,
        {{ epoch_micros(utc_instant('closes_on_the_wall_at', 'time_zone')) }} as closes_micros,
        {{ epoch_micros(utc_instant('ends_on_the_wall_at', 'time_zone')) }} - 1 as ends_micros

    from on_the_wall

),

final as (

    select
        calendar_id,
        time_zone,
        day_number,
        opens_micros,
        closes_micros,
        ends_micros,
        opens_micros is not null as is_open,

        -- cumulative, so that a due is a lookup and not a walk
        cast(count(opens_micros) over history as bigint) as business_day_number,
        cast(
            coalesce(sum(closes_micros - opens_micros) over history, 0)
            - coalesce(closes_micros - opens_micros, 0)
            as bigint
        ) as open_micros_before,
        coalesce(closes_micros - opens_micros, 0) as open_micros

    from in_utc

    window history as (partition by calendar_id order by day_number rows unbounded preceding)

)

select * from final
