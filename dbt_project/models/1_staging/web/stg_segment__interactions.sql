-- One row per page view, click and other web event, in the canonical shape.

with

events as (

    select * from {{ ref('stg_segment__events') }}

),

positioned as (

    select
        *,
        0 as position

    from events

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
        'web' as channel,
        'web.' || section as touchpoint,
        case event
            when 'Page Viewed' then 'viewed'
            when 'Product Viewed' then 'viewed'
            when 'Element Clicked' then 'clicked'
            when 'Products Searched' then 'searched'
            when 'Checkout Started' then 'checkout_started'
            when 'Order Completed' then 'ordered'
            when 'Login Succeeded' then 'logged_in'
            else replace(lower(event), ' ', '_')
        end as kind,
        'inbound' as direction,
        cast(null as varchar) as conversation_key,
        case when order_key is not null then 'order' end as subject_type,
        order_key as subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        false as is_context_carried,

        -- whom it reached
        is_automated,
        false as is_marketing,
        true as is_delivered,
        false as is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        cast(null as varchar) as location_id,
        cast(null as varchar) as employee_id,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as talk_seconds,
        cast(null as varchar) as outcome,
        cast(null as varchar) as reason

    from positioned

)

select * from final
