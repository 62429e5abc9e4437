-- One row per event and flag that the gate set on it, e.g. an ambiguous local time.

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='event_id') }}

with

final as (

    select
        event_id,
        source,
        unnest(flags) as flag

    from {{ new_log_events() }}

)

select * from final
