-- One row per identifier that a slice works out again: what new events or decisions name, and whatever a link
-- ever joined to those. What an interrupted slice had found stays, as its rows may be half replaced. Empty in
-- a full build. `is_seen_anew`: it may have become shared.
-- noqa: disable=LT02

{{ config(materialized='incremental', incremental_strategy='append') }}

-- The events that are affected are found by who was blocked in the last build, before this one says.
-- depends_on: {{ ref('stg_affected_events') }}

with

listed as (

    select * from {{ ref('stg_blocked_identifiers') }}

),

{% if var('scope') == 'slice' %}
{%- set last = target.schema %}
events as (

    select
        source,
        greatest(recorded_at, occurred_at) as known_from,
        unnest(identifiers) as identifier

    from {{ new_log_events() }}

),

seen as (

    select
        identifier.hash as identifier_hash,
        min(known_from) as known_from

    from events
    where
        source != 'decisions'
        and identifier.hash is not null
        and identifier.problem is null
    group by identifier.hash

),

decided as (

    select distinct identifier.hash as identifier_hash

    from events
    where source = 'decisions' and identifier.hash is not null

),

-- Since when an event changes nothing about them, as they link nobody: what was listed, once it is known,
-- and what is shared.
silent as (

    select
        periods.identifier_hash,
        min(periods.valid_from) as silent_from

    from {{ last }}.int_identifier_periods as periods
    inner join listed on periods.identifier_hash = listed.identifier_hash
    group by periods.identifier_hash

    union all

    select
        identifier_hash,
        shared_from

    from {{ last }}.int_shared_identifiers

),

seen_anew as (

    select seen.identifier_hash

    from seen
    left join (
        select
            identifier_hash,
            min(silent_from) as silent_from

        from silent
        group by identifier_hash
    ) as silent on seen.identifier_hash = silent.identifier_hash
    where silent.silent_from is null or silent.silent_from > seen.known_from

),

named as (

    select identifier_hash from seen_anew
    union
    select identifier_hash from decided

),

-- Who is simply one customer is one closure; in others, those who once were linked may be several today.
closures as (

    select
        identifier_hash,
        customer_id as closure_id

    from {{ last }}.int_identifier_customers

    union all

    select
        identifier_hash,
        'contested ' || closure_id as closure_id

    from {{ last }}.int_contested_members

),

reached as (

    select identifier_hash from named
    union
    select members.identifier_hash
    from closures
    inner join named on closures.identifier_hash = named.identifier_hash
    inner join closures as members on closures.closure_id = members.closure_id

),

final as (

    select
        reached.identifier_hash,
        seen_anew.identifier_hash is not null as is_seen_anew

    from reached
    left join seen_anew on reached.identifier_hash = seen_anew.identifier_hash

)
{% else %}
final as (

    select
        identifier_hash,
        false as is_seen_anew

    from listed
    where false

)
{% endif %}

select * from final
