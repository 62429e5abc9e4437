-- One row per touchpoint and the one that came next in a journey: where customers come from and
-- where they go.

with

transitions as (

    select * from {{ ref('int_transitions') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}
    where seconds_since_previous is not null

),

-- Of the seconds of one move, in order, the middle one, the earlier of two.
medians as (

    select
        coalesce(previous_touchpoint, 'none') as from_touchpoint,
        coalesce(touchpoint, 'none') as to_touchpoint,
        is_channel_switch,
        percentile_disc(0.5) within group (order by seconds_since_previous) as median_seconds_between

    from interactions
    group by
        coalesce(previous_touchpoint, 'none'),
        coalesce(touchpoint, 'none'),
        is_channel_switch

),

counted as (

    select
        from_touchpoint,
        to_touchpoint,
        is_channel_switch,
        cast(sum(transition_count) as bigint) as transition_count,
        cast(sum(journey_count) as bigint) as journey_count,
        count(*) as customer_count,
        cast(sum(points_at_target) as decimal(18, 6)) as points_at_target

    from transitions
    group by
        from_touchpoint,
        to_touchpoint,
        is_channel_switch

),

final as (

    select
        counted.from_touchpoint,
        counted.to_touchpoint,
        counted.is_channel_switch,
        counted.transition_count,
        counted.journey_count,
        counted.customer_count,
        cast(
            cast(counted.transition_count as double)
            / sum(counted.transition_count) over (partition by counted.from_touchpoint)
            as double
        ) as share_of_leaving,
        medians.median_seconds_between,
        counted.points_at_target

    from counted
    left join medians
        on
            counted.from_touchpoint = medians.from_touchpoint
            and counted.to_touchpoint = medians.to_touchpoint
            and counted.is_channel_switch = medians.is_channel_switch

)

select * from final
