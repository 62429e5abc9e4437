-- One row per fix: what recorded friction would be gone if one signal at one touchpoint were
-- mended, everywhere or in one location, with an interval.
-- noqa: disable=LT02

with

mendable as (

    select * from {{ ref('int_fixes') }}

),

effects as (

    select * from {{ ref('int_fix_effects') }}

),

scores as (

    select * from {{ ref('int_customer_scores') }}
    where {{ is_external('customer_id') }}

),

clock as (

    select * from {{ ref('int_decay_clock') }}

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

fixes as (

    select
        fix_number,
        {{ surrogate_key(['touchpoint', 'signal', 'scope', 'location_id']) }} as fix_id,
        scope,
        touchpoint,
        signal,
        location_id,
        cast(sum(signal_count) as bigint) as signal_count,
        count(*) as customer_count

    from mendable
    group by
        fix_number,
        scope,
        touchpoint,
        signal,
        location_id

),

-- What is felt of one weighed micro-point: those of two epochs back are forgotten.
weights as (

    select
        half_life,
        epoch as decay_epoch,
        {{ wide('weight') }} as felt_of

    from clock

    union all

    select
        half_life,
        epoch - 1 as decay_epoch,
        {{ wide('weight') }} * epoch_factor as felt_of

    from clock

),

weighed_by_group as (

    select
        fix_number,
        jackknife_group,
        half_life,
        decay_epoch,
        sum(mended_weighed) as mended_weighed,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        cast(sum(gone_micro_{{ extent }}) as bigint) as gone_micro_{{ extent }},
        sum(weighed_{{ extent }}) as weighed_{{ extent }}{{ ',' if not loop.last }}
        {%- endfor %}

    from effects
    group by
        fix_number,
        jackknife_group,
        half_life,
        decay_epoch

),

weighed_now as (

    select
        weighed_by_group.*,
        weights.felt_of

    from weighed_by_group
    left join weights
        on
            weighed_by_group.half_life = weights.half_life
            and weighed_by_group.decay_epoch = weights.decay_epoch

),

both_by_group as (

    select
        fix_number,
        jackknife_group,
        cast(sum(coalesce({{ div('mended_weighed', 'felt_of') }}, 0)) as bigint) as mended_now_micro,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        cast(sum(gone_micro_{{ extent }}) as bigint) as gone_micro_{{ extent }},
        cast(sum(coalesce({{ div('weighed_' ~ extent, 'felt_of') }}, 0)) as bigint)
            as gone_now_micro_{{ extent }}{{ ',' if not loop.last }}
        {%- endfor %}

    from weighed_now
    group by
        fix_number,
        jackknife_group

),

felt_in_all as (

    select sum(both_by_group.mended_now_micro) as felt_micro

    from both_by_group
    inner join fixes on both_by_group.fix_number = fixes.fix_number
    where fixes.scope = 'everywhere'

),

-- Only who stands at level 2 or above can leave it.
standing as (

    select
        customers.customer_number,
        scores.friction,
        scores.credit_balance

    from customers
    inner join scores on customers.customer_id = scores.customer_id
    where scores.level >= 2

),

effects_on_them as (

    select
        effects.*,
        weights.felt_of

    from effects
    inner join weights
        on
            effects.half_life = weights.half_life
            and effects.decay_epoch = weights.decay_epoch
    where effects.customer_number in (select standing.customer_number from standing)

),

gone_for_them as (

    select
        fix_number,
        customer_number,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        cast(sum({{ div('weighed_' ~ extent, 'felt_of') }}) as bigint) as gone_now_micro_{{ extent }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from effects_on_them
    group by
        fix_number,
        customer_number

),

customers_after as (

    {%- for extent in ['alone', 'with_follow_ups'] %}
    select
        gone_for_them.fix_number,
        '{{ extent }}' as extent,
        greatest(
            standing.friction - gone_for_them.gone_now_micro_{{ extent }} / cast(1000000 as double), 0
        ) as friction,
        standing.credit_balance

    from gone_for_them
    inner join standing on gone_for_them.customer_number = standing.customer_number
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

levels_after as (

    select
        customers_after.fix_number,
        customers_after.extent,
        {{ level(
            '(customers_after.friction - least(customers_after.credit_balance,'
            ~ ' cast(rule.credit_cap_pct as double) / cast(100 as double) * customers_after.friction))'
        ) }} as level_after

    from customers_after
    cross join rule

),

leaving as (

    select
        fix_number,
        extent,
        count(*) filter (where level_after < 2) as leaving_count

    from levels_after
    group by
        fix_number,
        extent

),

by_group as (

    {%- for extent in ['alone', 'with_follow_ups'] %}
    select
        fix_number,
        '{{ extent }}' as extent,
        jackknife_group,
        gone_micro_{{ extent }} as gone_micro,
        gone_now_micro_{{ extent }} as gone_now_micro

    from both_by_group
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

totals as (

    select
        fix_number,
        extent,
        cast(sum(gone_micro) as bigint) as gone_micro,
        cast(sum(gone_now_micro) as bigint) as gone_now_micro,
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
        ) as error_micro,
        coalesce(leaving.leaving_count, 0) as leaving_count

    from totals
    inner join deviations
        on
            totals.fix_number = deviations.fix_number
            and totals.extent = deviations.extent
    left join leaving
        on
            totals.fix_number = leaving.fix_number
            and totals.extent = leaving.extent

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
