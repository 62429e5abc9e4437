-- One row per touchpoint and channel: what happens there, and what it costs customers.

with

seen as (

    select * from {{ ref('int_touchpoints_seen') }}

),

lines as (

    select * from {{ ref('int_ledger_lines') }}

),

felt as (

    select * from {{ ref('int_points_now') }}

),

happened as (

    select
        touchpoint,
        channel,
        cast(sum(interaction_count) as bigint) as interaction_count,
        cast(sum(contact_count) as bigint) as contact_count,
        cast(sum(channel_switch_count) as bigint) as channel_switch_count,
        count(*) as customer_count,
        cast(sum(journey_count) as bigint) as journey_count,
        max(last_at) as last_at

    from seen
    group by
        touchpoint,
        channel

),

by_signal as (

    select
        coalesce(lines.touchpoint, 'none') as touchpoint,
        coalesce(lines.channel, 'none') as channel,
        lines.signal,
        cast(sum(case when lines.part != 'credit' then lines.points_micro else 0 end) as bigint)
            as friction_micro,
        cast(sum(case when lines.part = 'credit' then lines.points_micro else 0 end) as bigint)
            as credit_micro,
        sum(case when lines.part != 'credit' then coalesce(felt.units, 0) else 0 end) as units_now

    from lines
    left join felt on lines.line_number = felt.line_number
    group by
        coalesce(lines.touchpoint, 'none'),
        coalesce(lines.channel, 'none'),
        lines.signal

),

cost as (

    select
        touchpoint,
        channel,
        cast(sum(friction_micro) as bigint) as friction_micro,
        cast(sum(credit_micro) as bigint) as credit_micro,
        cast(sum(units_now) as bigint) as units_now,
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
        coalesce(cost.units_now, 0) as units_now,
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
        cast(
            cast(units_now as decimal(18, 0)) * cast(0.0001 as decimal(5, 4)) as decimal(18, 4)
        ) as points_now,
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
