-- One row: the parameters of the rule version that scores this run, by name, in the units of the
-- arithmetic (millionths, seconds, hours).
-- noqa: disable=LT02

with

parameters as (

    select * from {{ ref('friction_params') }}

),

thresholds as (

    select * from {{ ref('levels') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

in_force as (

    select
        parameters.rule_version,
        parameters.name,
        cast(parameters.value as bigint) as value

    from parameters
    inner join run on parameters.rule_version = run.rule_version

    union all

    select
        thresholds.rule_version,
        concat('level_', thresholds.level) as name,
        thresholds.threshold_fp as value

    from thresholds
    inner join run on thresholds.rule_version = run.rule_version

),

final as (

    select
        rule_version,

        -- time
        {{ parameter('tick_seconds') }} as tick_seconds,
        {%- for class in ['short', 'base', 'long'] %}
        {{ parameter('half_life_hours_' ~ class) }} as half_life_hours_{{ class }},
        {{ parameter('half_life_hours_' ~ class) }} * {{ parameter('epoch_half_lives') }}
            as epoch_hours_{{ class }},
        {%- endfor %}
        {{ parameter('epoch_half_lives') }} as epoch_half_lives,
        cast(power(2, {{ parameter('epoch_half_lives') }}) as bigint) as epoch_factor,

        -- severity
        100 + {{ parameter('tolerance_pct') }} as tolerated_pct,
        100 - {{ parameter('tolerance_pct') }} as surprise_pct,
        {%- for knot in range(1, 6) %}
        {{ parameter('severity_knot_ratio_' ~ knot) }} * 1000000 as knot_ratio_{{ knot }},
        {{ parameter('severity_knot_points_' ~ knot) }} * 1000000 as knot_severity_{{ knot }},
        {%- endfor %}
        {{ parameter('surprise_cap') }} * 1000000 as surprise_cap,

        -- context
        {%- for n in range(1, 5) %}
        {{ parameter('repeat_increment_pct_' ~ n) }} as repeat_pct_{{ n }},
        {%- endfor %}
        {{ parameter('repeat_window_days') }} * 86400 as repeat_window_seconds,
        {{ parameter('switch_increment_pct') }} as switch_pct,
        {{ parameter('switch_window_days') }} * 86400 as switch_window_seconds,
        {%- for phase in ['before', 'beginning', 'during', 'after'] %}
        {{ parameter('phase_increment_pct_' ~ phase) }} as phase_pct_{{ phase }},
        {%- endfor %}
        {{ parameter('moment_of_truth_increment_pct') }} as moment_of_truth_pct,

        -- score
        {{ parameter('credit_ratio_pct') }} as credit_pct,
        {{ parameter('credit_cap_pct') }} as credit_cap_pct,
        {{ parameter('peak_weight_pct') }} as peak_pct,
        {{ parameter('end_weight_pct') }} as end_pct,
        {%- for n in range(1, 5) %}
        {{ parameter('level_' ~ n) }} as level_{{ n }},
        {%- endfor %}
        {{ parameter('expectation_band_pct') }} as expectation_band_pct

    from in_force
    group by rule_version

)

select * from final
