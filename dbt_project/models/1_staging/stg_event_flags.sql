-- One row per source and flag that the gate set on events, e.g. an ambiguous local time.

with

events as (

    select
        source,
        unnest(flags) as flag

    from {{ ref('stg_log_events') }}

),

final as (

    select
        source,
        flag,
        count(*) as event_count

    from events
    group by
        source,
        flag

)

select * from final
