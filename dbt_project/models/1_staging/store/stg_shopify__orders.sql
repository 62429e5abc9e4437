-- One row per exported version of a Shopify order, typed.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('shopify', ['order']) }}

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
            "name": "VARCHAR",
            "createdAt": "TIMESTAMPTZ",
            "processedAt": "TIMESTAMPTZ",
            "updatedAt": "TIMESTAMPTZ",
            "cancelledAt": "TIMESTAMPTZ",
            "cancelReason": "VARCHAR",
            "displayFinancialStatus": "VARCHAR",
            "displayFulfillmentStatus": "VARCHAR",
            "returnStatus": "VARCHAR",
            "sourceName": "VARCHAR",
            "retailLocation": {"id": "VARCHAR", "name": "VARCHAR"},
            "disputes": [{"initiatedAs": "VARCHAR"}],
            "fulfillments": [{
                "id": "VARCHAR",
                "status": "VARCHAR",
                "displayStatus": "VARCHAR",
                "createdAt": "TIMESTAMPTZ",
                "updatedAt": "TIMESTAMPTZ",
                "inTransitAt": "TIMESTAMPTZ",
                "estimatedDeliveryAt": "TIMESTAMPTZ",
                "deliveredAt": "TIMESTAMPTZ"
            }],
            "refunds": [{
                "id": "VARCHAR",
                "createdAt": "TIMESTAMPTZ",
                "note": "VARCHAR",
                "return": {"id": "VARCHAR"},
                "refundLineItems": [{"restockType": "VARCHAR"}],
                "orderAdjustments": [{"reason": "VARCHAR"}]
            }]
        }') as r

    from events

),

final as (

    select
        -- keys
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        row_number() over (
            partition by record_key
            order by version_rank desc, recorded_at desc, event_id desc
        ) = 1 as is_latest,
        -- As people quote it: '#1001' is order 1001.
        ltrim(trim(r.name), '#') as order_name,

        -- the times
        coalesce(cast(r.processedat as timestamp), cast(r.createdat as timestamp)) as ordered_at,
        coalesce(cast(r.updatedat as timestamp), occurred_at) as updated_at,
        cast(r.cancelledat as timestamp) as cancelled_at,

        -- the states
        lower(r.cancelreason) as cancel_reason,
        r.displayfinancialstatus as financial_status,
        r.displayfulfillmentstatus as fulfillment_status,
        r.returnstatus as return_status,
        lower(r.sourcename) as sales_channel,
        coalesce(r.retaillocation.name, regexp_extract(r.retaillocation.id, '([^/]+)$', 1))
            as location_id,
        lower(r.disputes[1].initiatedas) as dispute,

        -- what the export nests
        r.fulfillments,
        r.refunds

    from typed

)

select * from final
