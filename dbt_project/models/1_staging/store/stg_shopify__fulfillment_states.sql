-- One row per state in which an export showed a fulfilment (a parcel, a pickup): from a line of its
-- own, from its order, or from its fulfilment order.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('shopify', ['fulfillment']) }}

),

orders as (

    select * from {{ ref('stg_shopify__orders') }}

),

fulfillment_orders as (

    select * from {{ ref('stg_shopify__fulfillment_orders') }}

),

own_lines_typed as (

    select
        event_id,
        record_key,
        occurred_at,
        recorded_at,
        from_json(payload, '{
            "__parentId": "VARCHAR",
            "status": "VARCHAR",
            "displayStatus": "VARCHAR",
            "createdAt": "TIMESTAMPTZ",
            "updatedAt": "TIMESTAMPTZ",
            "inTransitAt": "TIMESTAMPTZ",
            "estimatedDeliveryAt": "TIMESTAMPTZ",
            "deliveredAt": "TIMESTAMPTZ"
        }') as r

    from events

),

nested_in_orders as (

    select
        event_id,
        recorded_at,
        updated_at as shown_at,
        record_key as order_gid,
        cast(null as varchar) as fulfillment_order_gid,
        unnest(fulfillments) as r

    from orders

),

nested_in_fulfillment_orders as (

    select
        event_id,
        recorded_at,
        updated_at as shown_at,
        order_gid,
        record_key as fulfillment_order_gid,
        unnest(fulfillments) as r

    from fulfillment_orders

),

shown as (

    select
        event_id,
        recorded_at,
        occurred_at as shown_at,
        record_key as fulfillment_gid,
        case when r.__parentid like '%/Order/%' then r.__parentid end as order_gid,
        case when r.__parentid like '%/FulfillmentOrder/%' then r.__parentid end
            as fulfillment_order_gid,
        r.status,
        r.displaystatus as display_status,
        r.createdat as created_at,
        r.updatedat as updated_at,
        r.intransitat as in_transit_at,
        r.estimateddeliveryat as estimated_delivery_at,
        r.deliveredat as delivered_at

    from own_lines_typed

    union all

    select
        event_id,
        recorded_at,
        shown_at,
        r.id as fulfillment_gid,
        order_gid,
        fulfillment_order_gid,
        r.status,
        r.displaystatus as display_status,
        r.createdat as created_at,
        r.updatedat as updated_at,
        r.intransitat as in_transit_at,
        r.estimateddeliveryat as estimated_delivery_at,
        r.deliveredat as delivered_at

    from nested_in_orders

    union all

    select
        event_id,
        recorded_at,
        shown_at,
        r.id as fulfillment_gid,
        order_gid,
        fulfillment_order_gid,
        r.status,
        r.displaystatus as display_status,
        r.createdat as created_at,
        r.updatedat as updated_at,
        r.intransitat as in_transit_at,
        r.estimateddeliveryat as estimated_delivery_at,
        r.deliveredat as delivered_at

    from nested_in_fulfillment_orders

),

final as (

    -- An order that changes for another reason shows the same state again: the first showing counts.
    select
        fulfillment_gid,
        event_id,
        recorded_at,
        order_gid,
        fulfillment_order_gid,
        status,
        display_status,
        coalesce(cast(created_at as timestamp), shown_at) as created_at,
        coalesce(cast(updated_at as timestamp), shown_at) as updated_at,
        cast(in_transit_at as timestamp) as in_transit_at,
        cast(estimated_delivery_at as timestamp) as estimated_delivery_at,
        cast(delivered_at as timestamp) as delivered_at

    from shown
    where fulfillment_gid is not null
    qualify row_number() over (
        partition by
            fulfillment_gid, order_gid, fulfillment_order_gid, status, display_status,
            coalesce(cast(updated_at as timestamp), shown_at), estimated_delivery_at, delivered_at
        order by shown_at, recorded_at, event_id
    ) = 1

)

select * from final
