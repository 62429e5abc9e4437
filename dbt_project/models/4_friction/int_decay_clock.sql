-- One row per half-life: its epoch and weight at the run's as_of.
-- noqa: disable=LT02

with

weights as (

    select * from {{ ref('decay_weights') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

present as (

    select
        {{ div(epoch_second('run.as_of'), 'rule.tick_seconds') }} as present_hour,
        rule.*

    from run
    cross join rule

),

classes as (

    {%- for class in ['short', 'base', 'long'] %}
    select
        '{{ class }}' as half_life,
        half_life_hours_{{ class }} as half_life_hours,
        {{ div('present_hour', 'epoch_hours_' ~ class) }} as epoch,
        present_hour % epoch_hours_{{ class }} as k,
        epoch_factor,
        epoch_half_lives

    from present
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

final as (

    select
        classes.half_life,
        classes.epoch,
        classes.epoch_factor,
        classes.epoch_half_lives,
        weights.weight

    from classes
    inner join weights
        on
            classes.half_life_hours = weights.half_life_hours
            and classes.k = weights.k

)

select * from final
