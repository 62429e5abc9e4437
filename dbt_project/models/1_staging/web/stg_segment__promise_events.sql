-- One row per delivery date that a web order showed to the customer: the first, and each other.

with

orders as (

    select * from {{ ref('stg_segment__events') }}
    where
        event = 'Order Completed'
        and order_key is not null
        and estimated_delivery is not null

),

zones as (

    select name from {{ time_zones() }}

),

-- A confirmation page that is opened again sends another Order Completed; it promises nothing
-- new unless the date is another one.
shown as (

    select
        *,
        lag(estimated_delivery) over (
            partition by order_key
            order by occurred_at, record_key
        ) as shown_before

    from orders
    qualify estimated_delivery is distinct from shown_before

),

zoned as (

    select
        shown.*,
        coalesce(zones.name, 'UTC') as zone,
        length(shown.estimated_delivery) = 10 as is_date

    from shown
    left join zones on shown.time_zone = zones.name

),

final as (

    select
        source,
        record_type,
        record_key,
        event_id,
        0 as position,
        occurred_at,
        recorded_at,
        'segment/order/' || order_key as promise_key,
        'delivery' as promise_kind,
        case when shown_before is null then 'made' else 'revised' end as event,
        case
            when is_date
                then
                    {{ utc_instant('cast(estimated_delivery as date) + interval 1 day', 'zone') }}
                    - interval 1 microsecond
            else cast(cast(estimated_delivery as timestamptz) as timestamp)
        end as due_at,
        is_date,
        zone as time_zone,
        'order' as subject_type,
        order_key as subject_key,
        false as needs_notice,
        cast(null as varchar) as owner,
        'field' as confidence

    from zoned

)

select * from final
