-- One row per fulfilment of a known order, in its latest state: when it left, when it lay ready,
-- when the customer had it.

{{ config(materialized='table') }}

with

states as (

    select * from {{ ref('stg_shopify__fulfillment_states') }}

),

events as (

    select * from {{ log_events('shopify', ['fulfillment_event']) }}

),

orders as (

    select * from {{ ref('stg_shopify__orders') }}
    where is_latest

),

fulfillment_orders as (

    select * from {{ ref('stg_shopify__fulfillment_orders') }}
    where is_latest

),

events_typed as (

    select
        occurred_at,
        from_json(payload, '{"__parentId": "VARCHAR", "status": "VARCHAR"}') as r

    from events

),

tracked as (

    select
        r.__parentid as fulfillment_gid,
        min(occurred_at) filter (where r.status = 'READY_FOR_PICKUP') as ready_at,
        min(occurred_at) filter (where r.status in ('DELIVERED', 'PICKED_UP')) as delivered_at

    from events_typed
    group by r.__parentid

),

first_shown as (

    select
        fulfillment_gid,
        max(order_gid) as order_gid,
        max(fulfillment_order_gid) as fulfillment_order_gid,
        min(created_at) as created_at,
        min(updated_at) filter (where display_status = 'READY_FOR_PICKUP') as ready_at,
        min(updated_at) filter (where display_status in ('DELIVERED', 'PICKED_UP')) as delivered_at

    from states
    group by fulfillment_gid

),

latest as (

    select * from states
    qualify row_number() over (
        partition by fulfillment_gid
        order by updated_at desc, recorded_at desc, event_id desc
    ) = 1

),

final as (

    select
        -- keys
        latest.fulfillment_gid,
        latest.event_id,
        latest.recorded_at,
        first_shown.fulfillment_order_gid,
        orders.record_key as order_gid,
        orders.order_name,
        orders.ordered_at,

        -- A pickup says so itself, or by its fulfilment order, or else is a parcel.
        coalesce(
            latest.display_status in ('READY_FOR_PICKUP', 'PICKED_UP')
            or fulfillment_orders.method_type = 'PICK_UP'
            or first_shown.ready_at is not null,
            false
        ) as is_pickup,
        orders.sales_channel = 'pos' and latest.delivered_at is null as is_over_the_counter,
        coalesce(latest.status, 'SUCCESS') in ('SUCCESS', 'OPEN', 'PENDING') as is_in_force,

        -- the times
        first_shown.created_at,
        coalesce(latest.in_transit_at, first_shown.created_at) as left_at,
        coalesce(tracked.ready_at, first_shown.ready_at) as ready_at,
        coalesce(latest.delivered_at, tracked.delivered_at, first_shown.delivered_at)
            as delivered_at,
        coalesce(fulfillment_orders.location_id, orders.location_id) as location_id

    from latest
    inner join first_shown on latest.fulfillment_gid = first_shown.fulfillment_gid
    left join fulfillment_orders
        on first_shown.fulfillment_order_gid = fulfillment_orders.record_key
    inner join orders
        on coalesce(first_shown.order_gid, fulfillment_orders.order_gid) = orders.record_key
    left join tracked on latest.fulfillment_gid = tracked.fulfillment_gid

)

select * from final
