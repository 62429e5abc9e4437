-- One row per record of which the log has several versions: when the first was recorded.

{{ config(materialized='table') }}

with

events as (

    select * from {{ ref('stg_events') }}
    where record_version is not null

),

final as (

    select
        source,
        record_type,
        record_key,
        min(recorded_at) as first_recorded_at

    from events
    group by
        source,
        record_type,
        record_key
    having count(*) > 1

)

select * from final
