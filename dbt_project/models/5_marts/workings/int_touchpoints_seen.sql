-- One row per customer, touchpoint and channel: what happened to them there.

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

final as (

    select
        customer_id,
        coalesce(touchpoint, 'none') as touchpoint,
        coalesce(channel, 'none') as channel,
        count(*) as interaction_count,
        count(*) filter (where is_human_contact) as contact_count,
        count(*) filter (where is_channel_switch) as channel_switch_count,
        count(distinct journey_id) as journey_count,
        max(occurred_at) as last_at

    from interactions
    group by
        customer_id,
        coalesce(touchpoint, 'none'),
        coalesce(channel, 'none')

)

select * from final
