-- One row per exported version of a Shopify fulfilment order of a known order, typed.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('shopify', ['fulfillment_order']) }}

),

orders as (

    select * from {{ ref('stg_shopify__orders') }}
    where is_latest

),

typed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        from_json(payload, '{
            "orderId": "VARCHAR",
            "order": {"id": "VARCHAR"},
            "__parentId": "VARCHAR",
            "status": "VARCHAR",
            "createdAt": "TIMESTAMPTZ",
            "updatedAt": "TIMESTAMPTZ",
            "fulfillBy": "TIMESTAMPTZ",
            "deliveryMethod": {"methodType": "VARCHAR", "maxDeliveryDateTime": "TIMESTAMPTZ"},
            "fulfillmentHolds": [{"reason": "VARCHAR"}],
            "assignedLocation": {"name": "VARCHAR", "location": {"id": "VARCHAR"}},
            "fulfillments": [{
                "id": "VARCHAR",
                "status": "VARCHAR",
                "displayStatus": "VARCHAR",
                "createdAt": "TIMESTAMPTZ",
                "updatedAt": "TIMESTAMPTZ",
                "inTransitAt": "TIMESTAMPTZ",
                "estimatedDeliveryAt": "TIMESTAMPTZ",
                "deliveredAt": "TIMESTAMPTZ"
            }]
        }') as r

    from events

),

named as (

    select
        *,
        -- An order's own export may leave the id a bare number.
        case
            when coalesce(r.orderid, r."order".id, r.__parentid) like 'gid://%'
                then coalesce(r.orderid, r."order".id, r.__parentid)
            else 'gid://shopify/Order/' || coalesce(r.orderid, r."order".id, r.__parentid)
        end as order_gid

    from typed

),

final as (

    -- The inner join drops what belongs to a test order, or to one older than the export reaches.
    select
        -- keys
        named.event_id,
        named.source,
        named.record_type,
        named.record_key,
        named.version_rank,
        named.occurred_at,
        named.recorded_at,
        row_number() over (
            partition by named.record_key
            order by named.version_rank desc, named.recorded_at desc, named.event_id desc
        ) = 1 as is_latest,
        named.order_gid,
        orders.order_name,

        -- the times
        cast(named.r.createdat as timestamp) as created_at,
        coalesce(cast(named.r.updatedat as timestamp), named.occurred_at) as updated_at,
        cast(named.r.fulfillby as timestamp) as fulfill_by,
        cast(named.r.deliverymethod.maxdeliverydatetime as timestamp) as deliver_by,

        -- the states
        named.r.status,
        coalesce(named.r.deliverymethod.methodtype, 'SHIPPING') as method_type,
        list_transform(named.r.fulfillmentholds, lambda x: lower(x['reason'])) as hold_reasons,  -- noqa: RF02
        coalesce(
            named.r.assignedlocation.name,
            regexp_extract(named.r.assignedlocation.location.id, '([^/]+)$', 1)
        ) as location_id,

        -- what the export nests
        named.r.fulfillments

    from named
    inner join orders on named.order_gid = orders.record_key

)

select * from final
