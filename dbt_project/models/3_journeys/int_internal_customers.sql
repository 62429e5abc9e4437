-- One row per customer who is of the company: one event that says so is enough.

with

interactions as (

    select * from {{ ref('int_customer_interactions') }}
    where has_occurred

),

mapped as (

    select * from {{ ref('stg_mapped__internal_events') }}

),

zendesk as (

    select * from {{ ref('stg_zendesk__internal_events') }}

),

internal_events as (

    select event_id from mapped
    union
    select event_id from zendesk

),

final as (

    select distinct interactions.customer_id
    from interactions
    inner join internal_events on interactions.event_id = internal_events.event_id

)

select * from final
