-- One row per thing that happened to a Shopify order: bought, held, sent, ready, in the customer's
-- hands, cancelled, returned, refunded, disputed.

{{ config(materialized='table') }}

with

orders as (

    select * from {{ ref('stg_shopify__orders') }}

),

fulfillments as (

    select * from {{ ref('stg_shopify__fulfillments') }}
    where is_in_force and not is_over_the_counter

),

holds as (

    select * from {{ ref('stg_shopify__holds') }}

),

returns as (

    select * from {{ ref('stg_shopify__returns') }}

),

refunds as (

    select * from {{ ref('stg_shopify__refunds') }}

),

ordered as (

    select
        'order' as record_type,
        record_key,
        0 as position,
        event_id,
        recorded_at,
        ordered_at as occurred_at,
        order_name,
        case
            when sales_channel = 'pos' then 'store'
            -- A draft is keyed in by our own people: the contact itself is in another export.
            when sales_channel != 'shopify_draft_order' or sales_channel is null then 'web'
        end as channel,
        case
            when sales_channel = 'pos' then 'store.sale'
            when sales_channel = 'shopify_draft_order' then 'order.draft'
            else 'web.checkout'
        end as touchpoint,
        'ordered' as kind,
        'inbound' as direction,
        true as is_delivered,
        coalesce(sales_channel = 'pos', false) as is_human_contact,
        location_id,
        cast(null as varchar) as reason

    from orders
    where is_latest

),

cancelled as (

    select
        'order' as record_type,
        record_key,
        1 as position,
        event_id,
        recorded_at,
        cancelled_at as occurred_at,
        order_name,
        cast(null as varchar) as channel,
        'order' as touchpoint,
        'cancelled' as kind,
        case when cancel_reason = 'customer' then 'inbound' else 'outbound' end as direction,
        -- That an order is cancelled does not say that anyone was told.
        coalesce(cancel_reason = 'customer', false) as is_delivered,
        false as is_human_contact,
        location_id,
        cancel_reason as reason

    from orders
    where is_latest and cancelled_at is not null

),

handed_over as (

    select
        'order' as record_type,
        record_key,
        2 as position,
        event_id,
        recorded_at,
        ordered_at as occurred_at,
        order_name,
        'store' as channel,
        'store.sale' as touchpoint,
        'handed_over' as kind,
        'outbound' as direction,
        true as is_delivered,
        false as is_human_contact,
        location_id,
        cast(null as varchar) as reason

    from orders
    where is_latest and sales_channel = 'pos' and fulfillment_status = 'FULFILLED'

),

disputed as (

    select
        'order' as record_type,
        record_key,
        3 as position,
        event_id,
        recorded_at,
        updated_at as occurred_at,
        order_name,
        cast(null as varchar) as channel,
        'payment' as touchpoint,
        'disputed' as kind,
        'inbound' as direction,
        true as is_delivered,
        false as is_human_contact,
        location_id,
        dispute as reason

    from orders
    where dispute is not null
    qualify row_number() over (
        partition by record_key
        order by updated_at, recorded_at, event_id
    ) = 1

),

held as (

    select
        record_type,
        record_key,
        -- A number of its own for each reason, whichever came first.
        case reason
            when 'awaiting_payment' then 0
            when 'awaiting_return_items' then 1
            when 'high_risk_of_fraud' then 2
            when 'incorrect_address' then 3
            when 'inventory_out_of_stock' then 4
            when 'online_store_post_purchase_cross_sell' then 5
            when 'other' then 6
            when 'unknown_delivery_date' then 7
        end as position,
        event_id,
        recorded_at,
        updated_at as occurred_at,
        order_name,
        cast(null as varchar) as channel,
        'delivery' as touchpoint,
        'held' as kind,
        'internal' as direction,
        false as is_delivered,
        false as is_human_contact,
        location_id,
        reason

    from holds

),

fulfilled as (

    select
        'fulfillment' as record_type,
        fulfillment_gid as record_key,
        0 as position,
        event_id,
        recorded_at,
        left_at as occurred_at,
        order_name,
        cast(null as varchar) as channel,
        'delivery' as touchpoint,
        'fulfilled' as kind,
        'internal' as direction,
        false as is_delivered,
        false as is_human_contact,
        location_id,
        cast(null as varchar) as reason

    from fulfillments
    where not is_pickup

),

made_ready as (

    select
        'fulfillment' as record_type,
        fulfillment_gid as record_key,
        2 as position,
        event_id,
        recorded_at,
        ready_at as occurred_at,
        order_name,
        cast(null as varchar) as channel,
        'store.pickup' as touchpoint,
        'made_ready' as kind,
        'internal' as direction,
        false as is_delivered,
        false as is_human_contact,
        location_id,
        cast(null as varchar) as reason

    from fulfillments
    where is_pickup and ready_at is not null

),

received as (

    select
        'fulfillment' as record_type,
        fulfillment_gid as record_key,
        1 as position,
        event_id,
        recorded_at,
        delivered_at as occurred_at,
        order_name,
        case when is_pickup then 'store' else 'courier' end as channel,
        case when is_pickup then 'store.pickup' else 'delivery' end as touchpoint,
        case when is_pickup then 'collected' else 'delivered' end as kind,
        case when is_pickup then 'inbound' else 'outbound' end as direction,
        true as is_delivered,
        is_pickup as is_human_contact,
        location_id,
        cast(null as varchar) as reason

    from fulfillments
    where delivered_at is not null

),

returned as (

    select
        record_type,
        record_key,
        position,
        event_id,
        recorded_at,
        requested_at as occurred_at,
        order_name,
        cast(null as varchar) as channel,
        'product' as touchpoint,
        'returned' as kind,
        'inbound' as direction,
        true as is_delivered,
        false as is_human_contact,
        cast(null as varchar) as location_id,
        reason

    from returns

),

refunded as (

    select
        record_type,
        record_key,
        0 as position,
        event_id,
        recorded_at,
        refunded_at as occurred_at,
        order_name,
        cast(null as varchar) as channel,
        'refund' as touchpoint,
        'refunded' as kind,
        'outbound' as direction,
        true as is_delivered,
        false as is_human_contact,
        cast(null as varchar) as location_id,
        coalesce(adjustment_reason, note_reason) as reason

    from refunds

),

happened as (

    select * from ordered
    union all
    select * from cancelled
    union all
    select * from handed_over
    union all
    select * from disputed
    union all
    select * from held
    union all
    select * from fulfilled
    union all
    select * from made_ready
    union all
    select * from received
    union all
    select * from returned
    union all
    select * from refunded

),

sourced as (

    select
        'shopify' as source,
        *

    from happened

),

final as (

    select
        -- keys
        {{ interaction_id() }} as interaction_id,
        event_id,
        source,
        record_type,
        record_key,
        position,
        occurred_at,
        recorded_at,

        -- what happened
        channel,
        touchpoint,
        kind,
        direction,
        cast(null as varchar) as conversation_key,
        'order' as subject_type,
        order_name as subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        false as is_context_carried,

        -- whom it reached
        false as is_automated,
        false as is_marketing,
        is_delivered,
        is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        location_id,
        cast(null as varchar) as employee_id,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as talk_seconds,
        cast(null as varchar) as outcome,
        reason

    from sourced

)

select * from final
