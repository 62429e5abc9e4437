-- Business time is counted span by span: a calendar opens at most once a weekday, in one time zone.

with

calendars as (

    select * from {{ ref('calendars') }}

),

final as (

    select
        calendar_id,
        count(*) as span_count,
        count(distinct weekday) as weekday_count,
        count(distinct time_zone) as time_zone_count

    from calendars
    group by calendar_id
    having
        count(*) != count(distinct weekday)
        or count(distinct time_zone) != 1
        or max(case when opens_at >= closes_at then 1 else 0 end) = 1

)

select * from final
