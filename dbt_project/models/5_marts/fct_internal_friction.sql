-- One row per scored signal of a customer of the company itself that has points or credit.

with

scored as (

    select *
    from {{ ref('int_scored_signals') }}
    where {{ is_internal('customer_id') }}

),

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

    select
        scored.customer_id,
        signals.journey_id,
        case when not signals.is_derived then signals.interaction_id end as interaction_id,
        signals.promise_id,
        signals.occurred_at,
        signals.signal,
        signals.touchpoint,
        signals.channel,
        signals.issue_id,
        signals.location_id,
        {{ as_points('scored.friction_micro') }} as points,
        {{ as_points('scored.credit_micro') }} as credit,
        signals.source,
        signals.record_key as source_key,
        signals.signal_position,
        rule.rule_version,
        concat('The customer ', catalogue.phrase, ' (', signals.touchpoint, ')') as explanation

    from scored
    inner join signals on scored.signal_id = signals.signal_id
    cross join rule
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    where
        scored.has_occurred
        and (scored.friction_micro > 0 or scored.credit_micro > 0)

)

select * from final
