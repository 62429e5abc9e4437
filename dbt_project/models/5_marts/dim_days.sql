-- One row per UTC day from the first interaction to the day of as_of, with or without anything
-- in it.

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

digits as (

    select digit.n from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digit (n)

),

numbers as (

    select e.n * 10000 + d.n * 1000 + c.n * 100 + b.n * 10 + a.n as day_number
    from digits as a
    cross join digits as b
    cross join digits as c
    cross join digits as d
    cross join digits as e

),

reach as (

    select
        {{ local_day('min(interactions.occurred_at)', "'UTC'") }} as first_day_number,
        {{ local_day('min(run.as_of)', "'UTC'") }} as last_day_number,
        min(run.as_of) as as_of

    from interactions
    cross join run

),

days as (

    select
        numbers.day_number,
        cast({{ instant('cast(numbers.day_number as bigint) * 86400000000') }} as date) as calendar_day,
        {{ instant('cast(numbers.day_number + 1 as bigint) * 86400000000') }} as ends_at,
        reach.as_of

    from numbers
    inner join reach
        on numbers.day_number between reach.first_day_number and reach.last_day_number

),

final as (

    select
        calendar_day,
        substr(cast(calendar_day as varchar), 1, 7) as month,
        -- 1970-01-01 was a Thursday
        (day_number + 3) % 7 + 1 as weekday,
        ends_at <= as_of as is_over

    from days

)

select * from final
