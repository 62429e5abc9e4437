-- One row per refund of a known order: when the money went back, and what the lines say of it.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('shopify', ['refund']) }}

),

line_events as (

    select * from {{ log_events('shopify', ['refund_line_item', 'order_adjustment']) }}

),

orders as (

    select * from {{ ref('stg_shopify__orders') }}

),

typed as (

    select
        event_id,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        from_json(payload, '{
            "order": {"id": "VARCHAR"},
            "__parentId": "VARCHAR",
            "createdAt": "TIMESTAMPTZ",
            "note": "VARCHAR",
            "return": {"id": "VARCHAR"},
            "refundLineItems": [{"restockType": "VARCHAR"}],
            "orderAdjustments": [{"reason": "VARCHAR"}]
        }') as r

    from events
    {{ latest_version() }}

),

nested as (

    select
        event_id,
        version_rank,
        recorded_at,
        updated_at as occurred_at,
        record_key as order_gid,
        unnest(refunds) as r

    from orders

),

shown as (

    select
        record_key as refund_gid,
        event_id,
        version_rank,
        recorded_at,
        0 as preference,
        coalesce(r."order".id, r.__parentid) as order_gid,
        coalesce(cast(r.createdat as timestamp), occurred_at) as refunded_at,
        r.note,
        r.return.id as return_gid,
        r.refundlineitems as line_items,
        r.orderadjustments as adjustments

    from typed

    union all

    select
        r.id as refund_gid,
        event_id,
        version_rank,
        recorded_at,
        1 as preference,
        order_gid,
        coalesce(cast(r.createdat as timestamp), occurred_at) as refunded_at,
        r.note,
        r.return.id as return_gid,
        r.refundlineitems as line_items,
        r.orderadjustments as adjustments

    from nested
    where r.id is not null

),

-- A record of its own says more than the same refund inside its order.
shown_once as (

    select * from shown
    qualify row_number() over (
        partition by refund_gid
        order by preference asc, version_rank desc, recorded_at desc, event_id desc
    ) = 1

),

lines as (

    select
        json_extract_string(payload, '$.__parentId') as refund_gid,
        bool_or(json_extract_string(payload, '$.restockType') = 'NO_RESTOCK') as has_no_restock,
        min(lower(json_extract_string(payload, '$.reason'))) as adjustment_reason

    from line_events
    group by json_extract_string(payload, '$.__parentId')

),

final as (

    select
        'shopify' as source,
        'refund' as record_type,
        shown_once.refund_gid as record_key,
        shown_once.event_id,
        shown_once.recorded_at,
        shown_once.order_gid,
        orders.order_name,
        shown_once.refunded_at,
        shown_once.return_gid,
        -- A note counts when it is one of the words of the seed shopify_reasons, and only then.
        nullif(trim(regexp_replace(lower(shown_once.note), '[^a-z0-9]+', '_', 'g'), '_'), '')
            as note_reason,
        coalesce(
            lines.adjustment_reason,
            list_min(list_transform(shown_once.adjustments, lambda x: lower(x['reason'])))  -- noqa: RF02
        ) as adjustment_reason,
        coalesce(lines.has_no_restock, false)
        or coalesce(
            list_contains(
                list_transform(shown_once.line_items, lambda x: x['restocktype']), 'NO_RESTOCK'  -- noqa: RF02
            ),
            false
        ) as has_no_restock

    from shown_once
    inner join orders
        on
            shown_once.order_gid = orders.record_key
            and orders.is_latest
    left join lines on shown_once.refund_gid = lines.refund_gid

)

select * from final
