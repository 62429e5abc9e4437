-- One row per return of a known order: when it was asked for and agreed to, and why. An export
-- without return records still tells of a return by the order's returnStatus.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('shopify', ['return']) }}

),

line_events as (

    select * from {{ log_events('shopify', ['return_line_item']) }}

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
            "requestApprovedAt": "TIMESTAMPTZ",
            "status": "VARCHAR",
            "returnLineItems": [{"returnReason": "VARCHAR"}]
        }') as r

    from events

),

latest as (

    select * from typed
    qualify row_number() over (
        partition by record_key
        order by version_rank desc, recorded_at desc, event_id desc
    ) = 1

),

approvals as (

    select
        record_key,
        min(coalesce(cast(r.requestapprovedat as timestamp), occurred_at)) as agreed_at,
        min(cast(r.createdat as timestamp)) as requested_at

    from typed
    where r.status in ('OPEN', 'CLOSED')
    group by record_key

),

endings as (

    select
        record_key,
        min(occurred_at) as ended_at

    from typed
    where r.status in ('CANCELED', 'DECLINED')
    group by record_key

),

line_reasons as (

    -- The first reason by code point: of several lines, one speaks for the return.
    select
        json_extract_string(payload, '$.__parentId') as return_gid,
        min(json_extract_string(payload, '$.returnReason')) as reason

    from line_events
    group by json_extract_string(payload, '$.__parentId')

),

recorded_returns as (

    select
        'return' as record_type,
        latest.record_key,
        0 as position,
        latest.event_id,
        latest.recorded_at,
        coalesce(latest.r."order".id, latest.r.__parentid) as order_gid,
        coalesce(cast(latest.r.createdat as timestamp), latest.occurred_at) as requested_at,
        -- A return that the shop opened itself was agreed to when it was made.
        case
            when cast(latest.r.requestapprovedat as timestamp) is not null
                then cast(latest.r.requestapprovedat as timestamp)
            when approvals.agreed_at is not null
                then coalesce(approvals.requested_at, approvals.agreed_at)
        end as agreed_at,
        endings.ended_at as called_off_at,
        lower(coalesce(
            line_reasons.reason,
            list_min(list_transform(latest.r.returnlineitems, lambda x: x['returnreason']))  -- noqa: RF02
        )) as reason

    from latest
    left join approvals on latest.record_key = approvals.record_key
    left join endings on latest.record_key = endings.record_key
    left join line_reasons on latest.record_key = line_reasons.return_gid

),

shown_by_orders as (

    select
        'order' as record_type,
        record_key,
        4 as position,
        min_by(event_id, struct_pack(updated_at := updated_at, event_id := event_id)) as event_id,
        min(recorded_at) as recorded_at,
        record_key as order_gid,
        min(updated_at) as requested_at,
        min(updated_at) filter (where return_status in ('IN_PROGRESS', 'INSPECTION_COMPLETE'))
            as agreed_at,
        cast(null as timestamp) as called_off_at,
        cast(null as varchar) as reason

    from orders
    where
        -- 'RETURNED' says that it is over, and not when it began.
        return_status in ('RETURN_REQUESTED', 'IN_PROGRESS', 'INSPECTION_COMPLETE')
        and record_key not in (select recorded_returns.order_gid from recorded_returns)
    group by record_key

),

returns as (

    select * from recorded_returns
    union all
    select * from shown_by_orders

),

final as (

    select
        'shopify' as source,
        returns.record_type,
        returns.record_key,
        returns.position,
        returns.event_id,
        returns.recorded_at,
        returns.order_gid,
        orders.order_name,
        returns.requested_at,
        returns.agreed_at,
        returns.called_off_at,
        returns.reason

    from returns
    inner join orders
        on
            returns.order_gid = orders.record_key
            and orders.is_latest

)

select * from final
