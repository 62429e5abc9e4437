-- One row per event and identifier on it that had no normal form.

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='event_id') }}

with

events as (

    select
        event_id,
        source,
        unnest(identifiers) as identifier

    from {{ new_log_events() }}

),

final as (

    select
        event_id,
        source,
        identifier.type as identifier_type,
        identifier.problem

    from events
    where identifier.hash is null

)

select * from final
