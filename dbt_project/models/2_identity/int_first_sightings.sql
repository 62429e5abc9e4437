-- One row per identifier: when the log knew of it first. An event counts from when it was recorded and has
-- occurred. What is new is set against what was known: the smallest of the smallest is the smallest.
-- `is_erased`: it stands in for the identifier of an erased person, counts as one, and names nobody.
-- noqa: disable=LT02

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='identifier_hash',
) }}

with

events as (

    select
        greatest(recorded_at, occurred_at) as known_from,
        {{ sighting('greatest(recorded_at, occurred_at)', 'event_id') }} as sighting,
        identifiers

    from {{ new_log_events() }}
    -- A decision names identifiers, it has not seen them.
    where source != 'decisions'

),

members_listed as (

    select
        known_from,
        sighting,
        unnest(identifiers) as member

    from events

),

seen as (

    select
        member.hash as identifier_hash,
        member.type as identifier_type,
        known_from as first_known_at,
        sighting as first_sighting,
        member.problem is not null as is_erased

    from members_listed
    where member.hash is not null

),

seen_or_known as (

    select * from seen
    {%- if var('scope') == 'slice' %}

    union all

    select * from {{ this }}
    where identifier_hash in (select seen.identifier_hash from seen)
    {%- endif %}

),

final as (

    select
        identifier_hash,
        min(identifier_type) as identifier_type,
        min(first_known_at) as first_known_at,
        min(first_sighting) as first_sighting,
        bool_or(is_erased) as is_erased

    from seen_or_known
    group by identifier_hash

)

select * from final
