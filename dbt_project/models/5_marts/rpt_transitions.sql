-- One row per touchpoint and the one that came next in a journey: where customers come from and
-- where they go.

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

ordered as (

    select
        journey_id,
        customer_id,
        coalesce(touchpoint, 'none') as touchpoint,
        channel,
        points,
        occurred_at,
        lag(occurred_at) over journey as previous_at,
        lag(channel) over journey as previous_channel,
        lag(coalesce(touchpoint, 'none')) over journey as previous_touchpoint,
        lead(interaction_id) over journey is null as is_last

    from interactions

    window journey as (partition by journey_id order by step_number)

),

moves as (

    select
        coalesce(previous_touchpoint, '(start)') as from_touchpoint,
        touchpoint as to_touchpoint,
        coalesce(channel != previous_channel, false) as is_channel_switch,
        journey_id,
        customer_id,
        points,
        {{ epoch_second('occurred_at') }} - {{ epoch_second('previous_at') }} as seconds_between

    from ordered

    union all

    select
        touchpoint as from_touchpoint,
        '(end)' as to_touchpoint,
        false as is_channel_switch,
        journey_id,
        customer_id,
        cast(0 as decimal(18, 6)) as points,
        cast(null as bigint) as seconds_between

    from ordered
    where is_last

),

ranked as (

    select
        *,
        row_number() over (
            partition by from_touchpoint, to_touchpoint, is_channel_switch
            order by seconds_between, journey_id, points
        ) as place,
        count(*) over (partition by from_touchpoint, to_touchpoint, is_channel_switch) as move_count

    from moves

),

final as (

    select
        from_touchpoint,
        to_touchpoint,
        is_channel_switch,
        count(*) as transition_count,
        count(distinct journey_id) as journey_count,
        count(distinct customer_id) as customer_count,
        cast(
            cast(count(*) as double)
            / sum(count(*)) over (partition by from_touchpoint)
            as double
        ) as share_of_leaving,
        max(case when place = {{ div('move_count + 1', '2') }} then seconds_between end)
            as median_seconds_between,
        cast(sum(points) as decimal(18, 6)) as points_at_target

    from ranked
    group by
        from_touchpoint,
        to_touchpoint,
        is_channel_switch

)

select * from final
