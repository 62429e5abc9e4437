-- One row per hour in which something is scored: its epoch in each of the three half-lives, the
-- weight of that hour, and the cell of hours that share all three epochs.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

weights as (

    select * from {{ ref('decay_weights') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

hours as (

    select distinct occurred_hour from signals

),

-- Joined on as an expression, DuckDB joins on the half-life alone and filters afterwards.
epochs {{ stored() }} (

    select
        hours.occurred_hour,
        {%- for class in ['short', 'base', 'long'] %}
        rule.half_life_hours_{{ class }},
        {{ div('hours.occurred_hour', 'rule.epoch_hours_' ~ class) }} as epoch_{{ class }},
        hours.occurred_hour % rule.epoch_hours_{{ class }} as k_{{ class }}{{ ',' if not loop.last }}
        {%- endfor %}

    from hours
    cross join rule

),

final as (

    select
        epochs.occurred_hour,
        {%- for class in ['short', 'base', 'long'] %}
        epochs.epoch_{{ class }},
        weights_{{ class }}.weight as weight_{{ class }},
        {%- endfor %}
        dense_rank() over (
            order by epochs.epoch_short, epochs.epoch_base, epochs.epoch_long
        ) as cell

    from epochs
    {%- for class in ['short', 'base', 'long'] %}
    inner join weights as weights_{{ class }}
        on
            epochs.half_life_hours_{{ class }} = weights_{{ class }}.half_life_hours
            and epochs.k_{{ class }} = weights_{{ class }}.k
    {%- endfor %}

)

select * from final
