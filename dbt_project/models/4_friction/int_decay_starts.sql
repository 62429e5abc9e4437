-- One row per customer and cell of hours that begins with something felt from earlier cells: what
-- each class carries into it, exactly.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_scored_signals') }}

),

hours as (

    select * from {{ ref('int_hours') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

cells as (

    select distinct
        cell,
        epoch_short,
        epoch_base,
        epoch_long

    from hours

),

totals as (

    select
        customer_number,
        cell,
        half_life,
        decay_epoch,
        sum({{ wide('friction_micro') }} * decay_weight) as friction_sum,
        sum({{ wide('credit_micro') }} * decay_weight) as credit_sum,
        max({{ wide('friction_micro') }} * decay_weight) as peak_sum

    from signals
    where friction_micro > 0 or credit_micro > 0
    group by
        customer_number,
        cell,
        half_life,
        decay_epoch

),

aged as (

    select
        totals.customer_number,
        cells.cell,
        totals.half_life,
        totals.friction_sum,
        totals.credit_sum,
        totals.peak_sum,
        case totals.half_life
            {%- for class in ['short', 'base', 'long'] %}
            when '{{ class }}' then cells.epoch_{{ class }}
            {%- endfor %}
        end - totals.decay_epoch as age

    from totals
    inner join cells on totals.cell < cells.cell

),

epoch_sums as (

    select
        customer_number,
        cell,
        half_life,
        age,
        sum(friction_sum) as friction_sum,
        sum(credit_sum) as credit_sum,
        max(peak_sum) as peak_sum

    from aged
    where age in (0, 1)
    group by
        customer_number,
        cell,
        half_life,
        age

),

carried as (

    select
        epoch_sums.customer_number,
        epoch_sums.cell,
        epoch_sums.half_life,
        {%- for column in ['friction_sum', 'credit_sum', 'peak_sum'] %}
        case
            when epoch_sums.age = 0 then epoch_sums.{{ column }}
            else {{ halved('epoch_sums.' ~ column, 'rule.epoch_half_lives') }}
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from epoch_sums
    cross join rule

),

final as (

    select
        customer_number,
        cell,
        {%- for class in ['short', 'base', 'long'] %}
        sum(case when half_life = '{{ class }}' then friction_sum else 0 end) as friction_{{ class }},
        sum(case when half_life = '{{ class }}' then credit_sum else 0 end) as credit_{{ class }},
        max(case when half_life = '{{ class }}' then peak_sum else 0 end) as peak_{{ class }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from carried
    group by
        customer_number,
        cell

)

select * from final
