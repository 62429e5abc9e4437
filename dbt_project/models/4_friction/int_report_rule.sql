-- One row: the parameters of hidden friction and of interventions in the rule version of this run.

with

parameters as (

    select * from {{ ref('friction_params') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

in_force as (

    select
        parameters.rule_version,
        parameters.name,
        parameters.value

    from parameters
    inner join run on parameters.rule_version = run.rule_version

),

final as (

    select
        rule_version,
        cast({{ parameter('hidden_touch_max_fp') }} * 1000000 as bigint) as hidden_touch_max_micro,
        cast({{ parameter('hidden_journey_min_fp') }} * 1000000 as bigint) as hidden_journey_min_micro,
        cast({{ parameter('hidden_csat_min') }} as double) as hidden_csat_min,
        cast({{ parameter('level_reset_pct') }} as bigint) as level_reset_pct,
        cast({{ parameter('level_cooldown_hours') }} as bigint) * 3600 as level_cooldown_seconds,
        cast({{ parameter('holdout_pct') }} as bigint) as holdout_pct,
        cast({{ parameter('holdout_up_to_level') }} as bigint) as holdout_up_to_level,
        cast({{ parameter('interventions_per_day') }} as bigint) as capacity_per_day

    from in_force
    group by rule_version

)

select * from final
