-- One row per fix and customer: the friction that would be gone, in micro-points, as recorded and as felt
-- as of the run: what lies two epochs back is forgotten.
-- noqa: disable=LT02

with

gone as (

    select * from {{ ref('int_fix_gone') }}

),

clock as (

    select * from {{ ref('int_decay_clock') }}

),

-- Weight of one micro-point now, as a fraction.
with_weights as (

    select
        gone.fix_number,
        gone.customer_number,
        gone.is_mended,
        gone.gone_micro_alone,
        gone.gone_micro_with_follow_ups,
        case when gone.decay_epoch >= clock.epoch - 1 then gone.decay_weight else 0 end as felt_weight,
        {{ wide('clock.weight') }}
        * case when gone.decay_epoch = clock.epoch then 1 else clock.epoch_factor end as felt_of

    from gone
    inner join clock on gone.half_life = clock.half_life

),

nearly_divided as (

    select
        *,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        {{ near_quotient(wide('gone_micro_' ~ extent) ~ ' * felt_weight', 'felt_of') }}
            as near_{{ extent }}{{ ',' if not loop.last }}
        {%- endfor %}

    from with_weights

),

with_rest as (

    select
        *,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        {{ wide('gone_micro_' ~ extent) }} * felt_weight
        - {{ wide('near_' ~ extent) }} * felt_of as rest_{{ extent }}{{ ',' if not loop.last }}
        {%- endfor %}

    from nearly_divided

),

felt as (

    select
        fix_number,
        customer_number,
        is_mended,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        gone_micro_{{ extent }},
        near_{{ extent }} + {{ quotient_off('rest_' ~ extent, 'felt_of') }}
            as gone_now_micro_{{ extent }}{{ ',' if not loop.last }}
        {%- endfor %}

    from with_rest

),

final as (

    select
        fix_number,
        customer_number,
        cast(
            sum(case when is_mended then gone_now_micro_with_follow_ups else 0 end) as bigint
        ) as mended_now_micro,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        cast(sum(gone_micro_{{ extent }}) as bigint) as gone_micro_{{ extent }},
        cast(sum(gone_now_micro_{{ extent }}) as bigint) as gone_now_micro_{{ extent }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from felt
    group by
        fix_number,
        customer_number

)

select * from final
