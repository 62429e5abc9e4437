-- One row per touchpoint and the one that came next in a journey: where customers come from and
-- where they go.

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
        points,
        seconds_since_previous as seconds_between

    from interactions

    union all

    select
        coalesce(touchpoint, 'none') as from_touchpoint,
        '(end)' as to_touchpoint,
        false as is_channel_switch,
        journey_id,
        customer_id,
        cast(0 as decimal(18, 6)) as points,
        cast(null as bigint) as seconds_between

    from interactions
    where seconds_to_next is null

),

-- Of the seconds of one move, in order, the middle one; those to the end have none and come last.
seconds_counted as (

    select
        from_touchpoint,
        to_touchpoint,
        is_channel_switch,
        seconds_between,
        count(*) as move_count

    from moves
    group by
        from_touchpoint,
        to_touchpoint,
        is_channel_switch,
        seconds_between

),

seconds_placed as (

    select
        *,
        sum(move_count) over (
            partition by from_touchpoint, to_touchpoint, is_channel_switch
            order by seconds_between nulls last
            rows between unbounded preceding and current row
        ) as last_place,
        sum(move_count) over (
            partition by from_touchpoint, to_touchpoint, is_channel_switch
        ) as total_count

    from seconds_counted

),

medians as (

    select
        from_touchpoint,
        to_touchpoint,
        is_channel_switch,
        max(seconds_between) as median_seconds_between

    from seconds_placed
    where
        last_place >= {{ div('total_count + 1', '2') }}
        and last_place - move_count < {{ div('total_count + 1', '2') }}
    group by
        from_touchpoint,
        to_touchpoint,
        is_channel_switch

),

counted as (

    select
        from_touchpoint,
        to_touchpoint,
        is_channel_switch,
        count(*) as transition_count,
        count(distinct journey_id) as journey_count,
        count(distinct customer_id) as customer_count,
        cast(sum(points) as decimal(18, 6)) as points_at_target

    from moves
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
    inner join medians
        on
            counted.from_touchpoint = medians.from_touchpoint
            and counted.to_touchpoint = medians.to_touchpoint
            and counted.is_channel_switch = medians.is_channel_switch

)

select * from final
