-- One row per fix, customer and how it fades: the friction that would be gone, in micro-points, as
-- recorded and times the weight of its hours, from which follows what is felt of it at any later time.
-- noqa: disable=LT02

with

gone as (

    select * from {{ ref('int_fix_gone') }}

),

customers as (

    select
        customer_number,
        customer_id,
        -- One of twenty groups, from four hexadecimal digits: the same on every engine.
        (
            {%- for digit in range(1, 5) %}
                (strpos('0123456789abcdef', substr(md5(customer_id), {{ digit }}, 1)) - 1)
                * {{ 16 ** (4 - digit) }}{{ ' +' if not loop.last }}
            {%- endfor %}
        ) % 20 as jackknife_group

    from {{ ref('int_scored_signals') }}
    where signal_number = 1

),

summed as (

    select
        fix_number,
        customer_number,
        half_life,
        decay_epoch,
        sum(case when is_mended then {{ wide('gone_micro_with_follow_ups') }} * decay_weight else 0 end)
            as mended_weighed,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        cast(sum(gone_micro_{{ extent }}) as bigint) as gone_micro_{{ extent }},
        sum({{ wide('gone_micro_' ~ extent) }} * decay_weight) as weighed_{{ extent }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from gone
    group by
        fix_number,
        customer_number,
        half_life,
        decay_epoch

),

final as (

    select
        summed.*,
        customers.customer_id,
        customers.jackknife_group

    from summed
    inner join customers on summed.customer_number = customers.customer_number

)

select * from final
