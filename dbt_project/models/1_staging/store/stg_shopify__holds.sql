-- One row per fulfilment order and reason for which it was held: when an export first showed it.

with

fulfillment_orders as (

    select * from {{ ref('stg_shopify__fulfillment_orders') }}

),

unnested as (

    select
        event_id,
        source,
        record_type,
        record_key,
        recorded_at,
        order_gid,
        order_name,
        location_id,
        updated_at,
        unnest(hold_reasons) as reason

    from fulfillment_orders

),

final as (

    select * from unnested
    where reason is not null
    qualify row_number() over (
        partition by record_key, reason
        order by updated_at, recorded_at, event_id
    ) = 1

)

select * from final
