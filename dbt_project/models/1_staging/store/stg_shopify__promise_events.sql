-- One row per thing that Shopify's records say about a promised delivery, pickup or refund.

{{ config(materialized='table') }}

{#- What a promise rests on: the delivery window shown to the customer; else, once a parcel has
    left, the carrier's estimate; else the deadline to send or to have ready. #}

with

orders as (

    select * from {{ ref('stg_shopify__orders') }}
    where is_latest

),

fulfillment_orders as (

    select * from {{ ref('stg_shopify__fulfillment_orders') }}
    where method_type not in ('RETAIL', 'NONE')

),

fulfillments as (

    select * from {{ ref('stg_shopify__fulfillments') }}
    where is_in_force and not is_over_the_counter

),

fulfillment_states as (

    select * from {{ ref('stg_shopify__fulfillment_states') }}

),

returns as (

    select * from {{ ref('stg_shopify__returns') }}

),

refunds as (

    select * from {{ ref('stg_shopify__refunds') }}

),

refund_policies as (

    select * from {{ ref('refund_policies') }}

),

zone as (

    select min(time_zone) as time_zone from {{ ref('calendars') }}
    where calendar_id = 'default'

),

-- Moved, split or merged by Shopify: the promise lives on in the fulfilment order that replaced it.
replaced as (

    select distinct gone.record_key

    from fulfillment_orders as gone
    inner join fulfillment_orders as successor
        on
            gone.order_gid = successor.order_gid
            and gone.record_key != successor.record_key
            and gone.created_at <= successor.created_at
            and successor.is_latest
            and successor.status != 'CANCELLED'
    inner join orders
        on
            gone.order_gid = orders.record_key
            and orders.cancelled_at is null
    where gone.is_latest and gone.status = 'CANCELLED'

),

terms as (

    select
        fulfillment_orders.*,
        case
            when method_type = 'PICK_UP' then 'pickup'
            when bool_or(deliver_by is not null) over (partition by record_key) then 'delivery'
            else 'dispatch'
        end as basis,
        case
            when method_type = 'PICK_UP' then coalesce(deliver_by, fulfill_by)
            when bool_or(deliver_by is not null) over (partition by record_key) then deliver_by
            else fulfill_by
        end as due_at,
        row_number() over history as version_number

    from fulfillment_orders
    where record_key not in (select replaced.record_key from replaced)

    window history as (partition by record_key order by version_rank, recorded_at, event_id)

),

dues as (

    select
        *,
        lag(due_at) over history as previous_due_at

    from terms
    where due_at is not null

    window history as (partition by record_key order by version_rank, recorded_at, event_id)

),

-- What was sent for a fulfilment order: what names it; else all that was sent for its order.
parcels as (

    select
        terms.record_key,
        terms.status,
        terms.updated_at,
        fulfillments.*

    from terms
    inner join fulfillments
        on
            terms.order_gid = fulfillments.order_gid
            and (
                terms.record_key = fulfillments.fulfillment_order_gid
                or fulfillments.fulfillment_order_gid is null
            )
    where terms.is_latest

),

parcels_together as (

    select
        record_key,
        any_value(status) as status,
        any_value(updated_at) as updated_at,
        min(left_at) as first_left_at,
        min_by(event_id, struct_pack(left_at := left_at, event_id := event_id)) as first_left_event_id,
        min(recorded_at) as first_left_recorded_at,
        max(ready_at) as ready_at,
        max(delivered_at) as delivered_at,
        max_by(event_id, struct_pack(delivered_at := delivered_at, event_id := event_id)) as event_id,
        max(recorded_at) as recorded_at,
        count(*) = count(delivered_at) as is_all_delivered,
        count(*) = count(coalesce(ready_at, delivered_at)) as is_all_ready

    from parcels
    group by record_key

),

fulfilled as (

    -- A fulfilment order that is still being worked on will send another parcel.
    select
        *,
        coalesce(status = 'CLOSED' or updated_at < delivered_at, true) as is_complete

    from parcels_together

),

first_cancelled as (

    select
        record_key,
        min(updated_at) as cancelled_at,
        min_by(event_id, struct_pack(updated_at := updated_at, event_id := event_id)) as event_id,
        min(recorded_at) as recorded_at

    from terms
    where status = 'CANCELLED'
    group by record_key

),

promised as (

    select
        record_key,
        order_name,
        order_gid,
        basis,
        location_id

    from dues
    where previous_due_at is null
    qualify row_number() over (
        partition by record_key
        order by version_rank, recorded_at, event_id
    ) = 1

),

fulfillment_order_events as (

    select
        record_key,
        event_id,
        recorded_at,
        case when previous_due_at is null then 0 else 1 end as position,
        -- Shown from the start, it was promised with the order.
        case
            when previous_due_at is null and version_number = 1 then created_at
            else updated_at
        end as occurred_at,
        case when previous_due_at is null then 'made' else 'revised' end as event,
        due_at

    from dues
    where previous_due_at is null or due_at != previous_due_at

    union all

    select
        promised.record_key,
        fulfilled.event_id,
        fulfilled.recorded_at,
        2 as position,
        fulfilled.delivered_at as occurred_at,
        'kept' as event,
        cast(null as timestamp) as due_at

    from promised
    inner join fulfilled on promised.record_key = fulfilled.record_key
    where promised.basis != 'dispatch' and fulfilled.is_all_delivered and fulfilled.is_complete

    union all

    select
        promised.record_key,
        fulfilled.event_id,
        fulfilled.recorded_at,
        3 as position,
        fulfilled.ready_at as occurred_at,
        'kept_internally' as event,
        cast(null as timestamp) as due_at

    from promised
    inner join fulfilled on promised.record_key = fulfilled.record_key
    where promised.basis = 'pickup' and fulfilled.is_all_ready and fulfilled.ready_at is not null

    union all

    select
        promised.record_key,
        fulfilled.first_left_event_id as event_id,
        fulfilled.first_left_recorded_at as recorded_at,
        4 as position,
        fulfilled.first_left_at as occurred_at,
        'kept' as event,
        cast(null as timestamp) as due_at

    from promised
    inner join fulfilled on promised.record_key = fulfilled.record_key
    where promised.basis = 'dispatch'

    union all

    select
        promised.record_key,
        coalesce(first_cancelled.event_id, orders.event_id) as event_id,
        coalesce(first_cancelled.recorded_at, orders.recorded_at) as recorded_at,
        5 as position,
        coalesce(orders.cancelled_at, first_cancelled.cancelled_at) as occurred_at,
        case
            when orders.cancel_reason in ('customer', 'declined', 'fraud') then 'cancelled_by_customer'
            else 'cancelled_by_company'
        end as event,
        cast(null as timestamp) as due_at

    from promised
    inner join orders on promised.order_gid = orders.record_key
    left join first_cancelled on promised.record_key = first_cancelled.record_key
    where coalesce(orders.cancelled_at, first_cancelled.cancelled_at) is not null

),

fulfillment_order_promises as (

    select
        'fulfillment_order' as record_type,
        fulfillment_order_events.*,
        'shopify/fulfillment_order/'
        || regexp_extract(fulfillment_order_events.record_key, '([^/]+)$', 1) as promise_key,
        case when promised.basis = 'pickup' then 'pickup' else 'delivery' end as promise_kind,
        promised.order_name,
        promised.basis = 'pickup' as needs_notice,
        promised.location_id as owner,
        -- A deadline to send is the shop's own: the customer relies on it, and was not told it.
        case when promised.basis = 'dispatch' then 'sla' else 'field' end as confidence

    from fulfillment_order_events
    inner join promised on fulfillment_order_events.record_key = promised.record_key

),

-- The carrier's estimate is the promise of an order whose fulfilment orders show no window.
windowed_orders as (

    select distinct order_gid from dues
    where basis != 'dispatch'

),

estimated as (

    select
        fulfillments.*,
        fulfillment_states.event_id as state_event_id,
        fulfillment_states.recorded_at as state_recorded_at,
        fulfillment_states.updated_at,
        fulfillment_states.estimated_delivery_at,
        lag(fulfillment_states.estimated_delivery_at) over (
            partition by fulfillments.fulfillment_gid
            order by
                fulfillment_states.updated_at,
                fulfillment_states.recorded_at,
                fulfillment_states.event_id
        ) as previous_estimate_at

    from fulfillments
    inner join fulfillment_states
        on
            fulfillments.fulfillment_gid = fulfillment_states.fulfillment_gid
            and fulfillment_states.estimated_delivery_at is not null
    where
        not fulfillments.is_pickup
        and fulfillments.order_gid not in (select windowed_orders.order_gid from windowed_orders)

),

estimate_events as (

    select
        fulfillment_gid,
        order_name,
        location_id,
        state_event_id as event_id,
        state_recorded_at as recorded_at,
        case when previous_estimate_at is null then 0 else 1 end as position,
        case when previous_estimate_at is null then created_at else updated_at end as occurred_at,
        case when previous_estimate_at is null then 'made' else 'revised' end as event,
        estimated_delivery_at as due_at

    from estimated
    where previous_estimate_at is null or estimated_delivery_at != previous_estimate_at

    union all

    select distinct
        fulfillment_gid,
        order_name,
        location_id,
        event_id,
        recorded_at,
        2 as position,
        delivered_at as occurred_at,
        'kept' as event,
        cast(null as timestamp) as due_at

    from estimated
    where delivered_at is not null

),

estimate_promises as (

    select
        'fulfillment' as record_type,
        fulfillment_gid as record_key,
        event_id,
        recorded_at,
        position,
        occurred_at,
        event,
        due_at,
        'shopify/fulfillment/' || regexp_extract(fulfillment_gid, '([^/]+)$', 1) as promise_key,
        'delivery' as promise_kind,
        order_name,
        false as needs_notice,
        location_id as owner,
        'field' as confidence

    from estimate_events

),

-- Money is owed from the day on which a return is agreed to, or a paid order cancelled.
refunds_owed as (

    select
        returns.record_type,
        returns.record_key,
        returns.event_id,
        returns.recorded_at,
        returns.order_gid,
        returns.order_name,
        returns.agreed_at as owed_at,
        returns.called_off_at,
        refund_policies.refund_days,
        'shopify/' || returns.record_type || '/'
        || regexp_extract(returns.record_key, '([^/]+)$', 1) || '/refund' as promise_key,
        case when returns.record_type = 'return' then returns.record_key end as return_gid

    from returns
    inner join refund_policies on refund_policies.cause = 'return'
    where returns.agreed_at is not null

    union all

    select
        orders.record_type,
        orders.record_key,
        orders.event_id,
        orders.recorded_at,
        orders.record_key as order_gid,
        orders.order_name,
        orders.cancelled_at as owed_at,
        cast(null as timestamp) as called_off_at,
        refund_policies.refund_days,
        'shopify/order/' || regexp_extract(orders.record_key, '([^/]+)$', 1) || '/refund'
            as promise_key,
        cast(null as varchar) as return_gid

    from orders
    inner join refund_policies on refund_policies.cause = 'cancellation'
    where
        orders.cancelled_at is not null
        and orders.financial_status in ('PAID', 'PARTIALLY_PAID', 'PARTIALLY_REFUNDED', 'REFUNDED')
        and orders.record_key not in (
            select returns.order_gid from returns
            where returns.agreed_at is not null
        )

),

refunds_paid as (

    select
        refunds_owed.promise_key,
        min(refunds.refunded_at) as refunded_at,
        min_by(refunds.event_id, struct_pack(
            refunded_at := refunds.refunded_at, record_key := refunds.record_key
        )) as event_id,
        min_by(refunds.recorded_at, struct_pack(
            refunded_at := refunds.refunded_at, record_key := refunds.record_key
        )) as recorded_at

    from refunds_owed
    inner join refunds
        on
            refunds_owed.order_gid = refunds.order_gid
            and refunds_owed.owed_at <= refunds.refunded_at
            and coalesce(refunds.return_gid, refunds_owed.return_gid, '')
            = coalesce(refunds_owed.return_gid, refunds.return_gid, '')
    group by refunds_owed.promise_key

),

refund_events as (

    select
        promise_key,
        event_id,
        recorded_at,
        10 as position,
        owed_at as occurred_at,
        'made' as event,
        owed_at + refund_days * interval '1 day' as due_at

    from refunds_owed

    union all

    select
        promise_key,
        event_id,
        recorded_at,
        11 as position,
        refunded_at as occurred_at,
        'kept' as event,
        cast(null as timestamp) as due_at

    from refunds_paid

    union all

    select
        promise_key,
        event_id,
        recorded_at,
        12 as position,
        called_off_at as occurred_at,
        'cancelled_by_customer' as event,
        cast(null as timestamp) as due_at

    from refunds_owed
    where called_off_at is not null

),

refund_promises as (

    select
        refunds_owed.record_type,
        refunds_owed.record_key,
        refund_events.event_id,
        refund_events.recorded_at,
        refund_events.position,
        refund_events.occurred_at,
        refund_events.event,
        refund_events.due_at,
        refund_events.promise_key,
        'refund' as promise_kind,
        refunds_owed.order_name,
        false as needs_notice,
        cast(null as varchar) as owner,
        'sla' as confidence

    from refund_events
    inner join refunds_owed on refund_events.promise_key = refunds_owed.promise_key

),

together as (

    select
        record_type,
        record_key,
        event_id,
        recorded_at,
        position,
        occurred_at,
        event,
        due_at,
        promise_key,
        promise_kind,
        order_name,
        needs_notice,
        owner,
        confidence
    from fulfillment_order_promises
    union all
    select * from estimate_promises
    union all
    select * from refund_promises

),

final as (

    select
        'shopify' as source,
        together.record_type,
        together.record_key,
        together.event_id,
        together.position,
        together.occurred_at,
        together.recorded_at,
        together.promise_key,
        together.promise_kind,
        together.event,
        together.due_at,
        false as is_date,
        coalesce(zone.time_zone, 'UTC') as time_zone,
        'order' as subject_type,
        together.order_name as subject_key,
        together.needs_notice,
        together.owner,
        together.confidence

    from together
    cross join zone

)

select * from final
