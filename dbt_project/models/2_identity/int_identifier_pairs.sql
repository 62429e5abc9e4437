-- One row per pair of identifiers that stood on one event, and since when the log knew. What is new is
-- set against what was known.
-- noqa: disable=LT02,ST03

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['identifier_a', 'identifier_b'],
) }}

with

events as (

    select
        identifiers,
        greatest(recorded_at, occurred_at) as known_from

    from {{ new_log_events() }}
    where source != 'decisions' and len(identifiers) > 1

),

first_members as (

    select
        identifiers,
        unnest(identifiers) as one,
        known_from

    from events
    where len(identifiers) > 2

),

more as (

    select
        one,
        unnest(identifiers) as other,
        known_from

    from first_members

),

together as (

    -- Most have two, which needs no meeting of all with all.
    select
        list_extract(identifiers, 1) as one,
        list_extract(identifiers, 2) as other,
        known_from

    from events
    where len(identifiers) = 2

    union all

    select
        one,
        other,
        known_from

    from more
    where one.hash < other.hash

),

seen as (

    select
        least(one.hash, other.hash) as identifier_a,
        greatest(one.hash, other.hash) as identifier_b,
        known_from as first_known_at

    from together
    where one.hash != other.hash

),

{% if var('scope') == 'slice' %}
seen_anew as (

    select distinct
        identifier_a,
        identifier_b

    from seen

),
{% endif %}

seen_or_known as (

    select * from seen
    {%- if var('scope') == 'slice' %}

    union all

    select known.*
    from {{ this }} as known
    inner join seen_anew
        on
            known.identifier_a = seen_anew.identifier_a
            and known.identifier_b = seen_anew.identifier_b
    {%- endif %}

),

final as (

    select
        identifier_a,
        identifier_b,
        min(first_known_at) as first_known_at

    from seen_or_known
    group by
        identifier_a,
        identifier_b

)

select * from final
