-- One row per customer with a scored signal: the score as of the run, from the exact sums. What is
-- older than the epoch before the present one weighs nothing, by definition.
-- noqa: disable=LT02

with

states as (

    select * from {{ ref('int_decay_states') }}

),

clock as (

    select * from {{ ref('int_decay_clock') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

carried as (

    select
        states.customer_id,
        states.half_life,
        states.last_signal_number,
        clock.weight,
        {%- for column in ['friction_sum', 'credit_sum', 'peak_sum', 'last_sum'] %}
        case
            when states.decay_epoch = clock.epoch then states.{{ column }}
            when states.decay_epoch = clock.epoch - 1
                then {{ halved('states.' ~ column, 'clock.epoch_half_lives') }}
            else 0
        end as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from states
    inner join clock on states.half_life = clock.half_life

),

class_sums as (

    select
        customer_id,
        half_life,
        {{ quotient('sum(friction_sum)', 'max(weight)') }} as friction,
        {{ quotient('sum(credit_sum)', 'max(weight)') }} as credit,
        {{ quotient('max(peak_sum)', 'max(weight)') }} as peak,
        {{ quotient('max_by(last_sum, last_signal_number)', 'max(weight)') }} as last_one,
        max(last_signal_number) as last_signal_number

    from carried
    group by
        customer_id,
        half_life

),

felt as (

    select
        customer_id,
        max(last_signal_number) as signal_count,
        {%- for column in ['friction', 'credit'] %}
        {{ points(
            "coalesce(max(case when half_life = 'short' then " ~ column ~ " end), 0)",
            "coalesce(max(case when half_life = 'base' then " ~ column ~ " end), 0)",
            "coalesce(max(case when half_life = 'long' then " ~ column ~ " end), 0)"
        ) }} as {{ 'credit_balance' if column == 'credit' else column }},
        {%- endfor %}
        max(peak) / cast(1000000 as double) as peak,
        max_by(last_one, last_signal_number) / cast(1000000 as double) as end_friction

    from class_sums
    group by customer_id

),

capped as (

    select
        felt.*,
        {{ credit_applied() }} as credit_applied

    from felt
    cross join rule

),

final as (

    select
        capped.customer_id,
        capped.signal_count,
        capped.friction,
        capped.peak,
        capped.end_friction,
        capped.credit_balance,
        capped.credit_applied,
        capped.friction - capped.credit_applied as score,
        {{ rfs() }} as rfs,
        {{ level('(capped.friction - capped.credit_applied)') }} as level

    from capped
    cross join rule

)

select * from final
