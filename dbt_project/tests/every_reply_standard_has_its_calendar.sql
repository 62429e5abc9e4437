-- A standard on a calendar that is not there would promise nothing, silently.

with

standards as (

    select * from {{ ref('reply_standards') }}

),

calendars as (

    select * from {{ ref('calendars') }}

),

final as (

    select standards.channel
    from standards
    left join calendars on standards.calendar_id = calendars.calendar_id
    where calendars.calendar_id is null

)

select * from final
