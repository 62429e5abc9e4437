-- One row per event and usable identifier on it.

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='event_id') }}

with

events as (

    select
        event_id,
        source,
        occurred_at,
        recorded_at,
        unnest(list_distinct(identifiers)) as identifier

    from {{ new_log_events() }}
    -- A decision names identifiers, it has not seen them.
    where source != 'decisions'

),

final as (

    select
        event_id,
        source,
        identifier.type as identifier_type,
        identifier.hash as identifier_hash,
        occurred_at,
        recorded_at

    from events
    -- What stands in for the identifier of an erased person names nobody.
    where identifier.hash is not null and identifier.problem is null

)

select * from final
