-- One row per touchpoint and channel: what happens there, and what it costs customers.

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

friction as (

    select * from {{ ref('fct_friction') }}

),

happened as (

    select
        coalesce(touchpoint, 'none') as touchpoint,
        coalesce(channel, 'none') as channel,
        count(*) as interaction_count,
        count(*) filter (where is_human_contact) as contact_count,
        count(*) filter (where is_channel_switch) as channel_switch_count,
        count(distinct customer_id) as customer_count,
        count(distinct journey_id) as journey_count,
        max(occurred_at) as last_at

    from interactions
    group by
        coalesce(touchpoint, 'none'),
        coalesce(channel, 'none')

),

by_signal as (

    select
        coalesce(touchpoint, 'none') as touchpoint,
        coalesce(channel, 'none') as channel,
        signal,
        cast(sum(case when part != 'credit' then points_micro else 0 end) as bigint) as friction_micro,
        cast(sum(case when part = 'credit' then points_micro else 0 end) as bigint) as credit_micro,
        sum(case when part != 'credit' then points_now else 0 end) as points_now

    from friction
    group by
        coalesce(touchpoint, 'none'),
        coalesce(channel, 'none'),
        signal

),

cost as (

    select
        touchpoint,
        channel,
        cast(sum(friction_micro) as bigint) as friction_micro,
        cast(sum(credit_micro) as bigint) as credit_micro,
        sum(points_now) as points_now,
        max_by(
            case when friction_micro > 0 then signal end,
            struct_pack(friction_micro := friction_micro, signal := signal)
        ) as worst_signal

    from by_signal
    group by
        touchpoint,
        channel

),

together as (

    select
        coalesce(happened.touchpoint, cost.touchpoint) as touchpoint,
        coalesce(happened.channel, cost.channel) as channel,
        coalesce(happened.interaction_count, 0) as interaction_count,
        coalesce(happened.contact_count, 0) as contact_count,
        coalesce(happened.channel_switch_count, 0) as channel_switch_count,
        coalesce(happened.customer_count, 0) as customer_count,
        coalesce(happened.journey_count, 0) as journey_count,
        coalesce(cost.friction_micro, 0) as friction_micro,
        coalesce(cost.credit_micro, 0) as credit_micro,
        coalesce(cost.points_now, 0) as points_now,
        cost.worst_signal,
        happened.last_at

    from happened
    full outer join cost
        on
            happened.touchpoint = cost.touchpoint
            and happened.channel = cost.channel

),

final as (

    select
        touchpoint,
        channel,
        interaction_count,
        contact_count,
        channel_switch_count,
        customer_count,
        journey_count,
        {{ as_points('friction_micro') }} as points,
        {{ as_points('credit_micro') }} as credit_points,
        cast(points_now as decimal(18, 4)) as points_now,
        cast(friction_micro as double) / 1000000 / nullif(interaction_count, 0)
            as points_per_interaction,
        coalesce(
            cast(friction_micro as double) / nullif(sum(friction_micro) over (), 0), 0
        ) as share_of_friction,
        worst_signal,
        last_at

    from together

)

select * from final
