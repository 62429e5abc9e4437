-- One row per customer, touchpoint and the one that came next in a journey of theirs.

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

moves as (

    select
        case
            when seconds_since_previous is null then '(start)'
            else coalesce(previous_touchpoint, 'none')
        end as from_touchpoint,
        coalesce(touchpoint, 'none') as to_touchpoint,
        is_channel_switch,
        journey_id,
        customer_id,
        points

    from interactions

    union all

    select
        coalesce(touchpoint, 'none') as from_touchpoint,
        '(end)' as to_touchpoint,
        false as is_channel_switch,
        journey_id,
        customer_id,
        cast(0 as decimal(18, 6)) as points

    from interactions
    where seconds_to_next is null

),

final as (

    select
        customer_id,
        from_touchpoint,
        to_touchpoint,
        is_channel_switch,
        count(*) as transition_count,
        count(distinct journey_id) as journey_count,
        cast(sum(points) as decimal(18, 6)) as points_at_target

    from moves
    group by
        customer_id,
        from_touchpoint,
        to_touchpoint,
        is_channel_switch

)

select * from final
