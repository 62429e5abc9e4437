-- One row: the parameters of promises in the rule version of this run.

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
        cast(parameters.value as bigint) as value

    from parameters
    inner join run on parameters.rule_version = run.rule_version

),

final as (

    select
        rule_version,
        {{ parameter('promise_grace_minutes') }} * 60000000 as grace_micros,
        {{ parameter('child_promise_business_days') }} as callback_business_days,
        {{ parameter('due_soon_hours') }} * 3600000000 as due_soon_micros,
        {{ parameter('contact_gap_minutes') }} * 60000000 as contact_gap_micros

    from in_force
    group by rule_version

)

select * from final
