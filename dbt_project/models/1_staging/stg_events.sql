-- One row per event that this build works on: all of the log's, or those of the customers that
-- something new affects.

{{ config(materialized='view' if var('scope') == 'full' else 'table') }}

with

events as (

    select * from {{ ref('stg_log_events') }}

),

affected as (

    select * from {{ ref('stg_affected_events') }}

),

final as (

    select *

    from events
    where
        {{ var('scope') != 'slice' }}
        or {{ key_number('event_id') }} in (select affected.event_number from affected)

)

select * from final
