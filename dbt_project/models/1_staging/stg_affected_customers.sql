-- One row per customer of an affected event in the last finished build: whose rows a slice replaces.
-- What an interrupted slice had found stays, as its rows may be half replaced.
-- noqa: disable=LT02

{{ config(materialized='incremental', incremental_strategy='append') }}

with

events as (

    select * from {{ ref('stg_affected_events') }}

),

{% if var('scope') == 'slice' %}
-- As the last build left it: made anew further down in this one.
owners as (

    select * from {{ target.schema }}.int_event_owners

),

final as (

    select distinct owners.customer_id

    from owners
    inner join events on owners.event_number = events.event_number

)
{% else %}
final as (

    select cast(event_number as varchar) as customer_id

    from events

)
{% endif %}

select * from final
