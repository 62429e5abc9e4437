-- Signals that are measured and came without a measure, or below 0: they weigh nothing. Returns them.

{{ config(severity='warn') }}

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

final as (

    select signals.*

    from signals
    cross join rule
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    where
        catalogue.kind = 'excess'
        and coalesce(signals.measure, -1) < 0

)

select * from final
