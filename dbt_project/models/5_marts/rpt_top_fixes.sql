-- One row per fix: what recorded friction would be gone if one signal at one touchpoint were
-- mended, everywhere or in one location, with an interval.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

known_fixes as (

    select * from {{ ref('int_fixes') }}

),

effects as (

    select * from {{ ref('int_fix_effects') }}

),

scores as (

    select * from {{ ref('int_customer_scores') }}
    where {{ is_external('customer_id') }}

),

customers as (

    select
        customer_number,
        customer_id

    from {{ ref('int_scored_signals') }}
    where signal_number = 1

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

signals_counted as (

    select
        'everywhere' as scope,
        touchpoint,
        signal,
        cast(null as varchar) as location_id,
        count(*) as signal_count,
        count(distinct customer_number) as customer_count

    from signals
    group by
        touchpoint,
        signal

    union all

    select
        'location' as scope,
        touchpoint,
        signal,
        location_id,
        count(*) as signal_count,
        count(distinct customer_number) as customer_count

    from signals
    where location_id is not null
    group by
        touchpoint,
        signal,
        location_id

),

fixes as (

    select
        known_fixes.*,
        signals_counted.signal_count,
        signals_counted.customer_count

    from known_fixes
    inner join signals_counted
        on
            known_fixes.scope = signals_counted.scope
            and known_fixes.touchpoint = signals_counted.touchpoint
            and known_fixes.signal = signals_counted.signal
            and coalesce(known_fixes.location_id, '') = coalesce(signals_counted.location_id, '')

),

felt_in_all as (

    select sum(felt_micro) as felt_micro from signals

),

standing as (

    select
        customers.customer_number,
        -- One of twenty groups, from four hexadecimal digits: the same on every engine.
        (
            {%- for digit in range(1, 5) %}
                (strpos('0123456789abcdef', substr(md5(customers.customer_id), {{ digit }}, 1)) - 1)
                * {{ 16 ** (4 - digit) }}{{ ' +' if not loop.last }}
            {%- endfor %}
        ) % 20 as jackknife_group,
        scores.level as level_now,
        scores.friction,
        scores.credit_balance

    from customers
    inner join scores on customers.customer_id = scores.customer_id

),

customers_after as (

    {%- for extent in ['alone', 'with_follow_ups'] %}
    select
        effects.fix_number,
        '{{ extent }}' as extent,
        effects.gone_micro_{{ extent }} as gone_micro,
        effects.gone_now_micro_{{ extent }} as gone_now_micro,
        standing.jackknife_group,
        standing.level_now,
        greatest(
            standing.friction - effects.gone_now_micro_{{ extent }} / cast(1000000 as double), 0
        ) as friction,
        standing.credit_balance

    from effects
    inner join standing on effects.customer_number = standing.customer_number
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

levels_after as (

    select
        customers_after.*,
        {{ level(
            '(customers_after.friction - least(customers_after.credit_balance,'
            ~ ' cast(rule.credit_cap_pct as double) / cast(100 as double) * customers_after.friction))'
        ) }} as level_after

    from customers_after
    cross join rule

),

by_group as (

    select
        fix_number,
        extent,
        jackknife_group,
        cast(sum(gone_micro) as bigint) as gone_micro,
        cast(sum(gone_now_micro) as bigint) as gone_now_micro,
        count(*) filter (where level_now >= 2 and level_after < 2) as leaving_count

    from levels_after
    group by
        fix_number,
        extent,
        jackknife_group

),

totals as (

    select
        fix_number,
        extent,
        cast(sum(gone_micro) as bigint) as gone_micro,
        cast(sum(gone_now_micro) as bigint) as gone_now_micro,
        cast(sum(leaving_count) as bigint) as leaving_count,
        count(*) as group_count

    from by_group
    group by
        fix_number,
        extent

),

-- Delete-a-group jackknife over 20 groups: the variance is the sum over groups of
-- (total - 20 * group)^2, by 20 * 19. Whole numbers up to the one root, so it never depends on order.
deviations as (

    select
        totals.fix_number,
        totals.extent,
        sum(
            {{ wide('totals.gone_now_micro - 20 * by_group.gone_now_micro') }}
            * {{ wide('totals.gone_now_micro - 20 * by_group.gone_now_micro') }}
        ) as squares

    from totals
    inner join by_group
        on
            totals.fix_number = by_group.fix_number
            and totals.extent = by_group.extent
    group by
        totals.fix_number,
        totals.extent

),

estimated as (

    select
        totals.*,
        sqrt(
            cast(
                deviations.squares
                + (20 - totals.group_count)
                * {{ wide('totals.gone_now_micro') }} * {{ wide('totals.gone_now_micro') }}
                as double
            ) / cast(380 as double)
        ) as error_micro

    from totals
    inner join deviations
        on
            totals.fix_number = deviations.fix_number
            and totals.extent = deviations.extent

),

compared as (

    select
        fixes.fix_id,
        fixes.scope,
        fixes.touchpoint,
        fixes.signal,
        fixes.location_id,
        fixes.signal_count,
        fixes.customer_count,
        {%- for extent in ['alone', 'with_follow_ups'] %}
            {{ extent }}.gone_micro as {{ extent }}_gone_micro,
            {{ extent }}.gone_now_micro as {{ extent }}_gone_now_micro,
            {{ extent }}.leaving_count as {{ extent }}_leaving_count,
            {{ extent }}.error_micro as {{ extent }}_error_micro,
        {%- endfor %}
        rank() over (
            partition by fixes.scope
            order by with_follow_ups.gone_now_micro desc, alone.gone_now_micro desc
        ) as place

    from fixes
    inner join estimated as alone
        on
            fixes.fix_number = alone.fix_number
            and alone.extent = 'alone'
    inner join estimated as with_follow_ups
        on
            fixes.fix_number = with_follow_ups.fix_number
            and with_follow_ups.extent = 'with_follow_ups'

),

final as (

    select
        -- what would be mended
        compared.fix_id,
        compared.scope,
        compared.touchpoint,
        compared.signal,
        compared.location_id,
        compared.signal_count,
        compared.customer_count,

        -- what would be gone
        {%- for extent in ['alone', 'with_follow_ups'] %}
            {%- set suffix = '' if extent == 'alone' else '_with_follow_ups' %}
            {{ as_points('compared.' ~ extent ~ '_gone_micro') }} as points_gone{{ suffix }},
            {{ as_points('compared.' ~ extent ~ '_gone_now_micro') }} as points_now_gone{{ suffix }},
            -- 2.093: Student's t of 95 % with 19 degrees of freedom
            greatest(
                compared.{{ extent }}_gone_now_micro - 2.093 * compared.{{ extent }}_error_micro, 0
            ) / cast(1000000 as double) as points_now_gone{{ suffix }}_low,
            (compared.{{ extent }}_gone_now_micro + 2.093 * compared.{{ extent }}_error_micro)
            / cast(1000000 as double) as points_now_gone{{ suffix }}_high,
            compared.{{ extent }}_leaving_count as leaving_level_2_count{{ suffix }},
        {%- endfor %}
        coalesce(
            cast(compared.alone_gone_now_micro as double)
            / cast(nullif(felt_in_all.felt_micro, 0) as double),
            0
        ) as share_of_friction_now,

        -- three to choose from, never one winner
        compared.place,
        compared.scope = 'everywhere'
        and compared.place <= 3
        and compared.with_follow_ups_gone_now_micro > 0 as is_candidate,
        run.as_of,
        run.rule_version

    from compared
    cross join felt_in_all
    cross join run

)

select * from final
