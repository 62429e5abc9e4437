-- One row per outcome with an expectation: what was expected, what came, and what the customer will
-- expect next. Measures are held against the expectation of int_expectation_states; whether the item
-- may be kept with a refund is held against the customer's last refund.

{{ config(materialized='view') }}  -- read once, by rpt_expectations

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
refund_signals as (

    select * from {{ ref('int_ordered_signals') }}
    where
        signal in ('refund.latency', 'recovery.no_return')
        and issue_id is not null

),

states as (

    select * from {{ ref('int_expectation_states') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

measured as (

    select
        states.signal_id,
        cast(null as varchar) as kept_outcome,
        cast(null as varchar) as kept_unit,
        case when states.experience_count = 0 then 'standard' else 'own history' end as expected_from,
        states.standard,
        states.expectation_256,
        states.expectation_256_after,
        states.floored_measure,
        case
            when
                {{ wide('states.floored_measure') }} * 25600
                > states.expectation_256 * (100 + rule.expectation_band_pct)
                then 'unmet'
            when
                {{ wide('states.floored_measure') }} * 25600
                < states.expectation_256 * (100 - rule.expectation_band_pct)
                then 'exceeded'
            else 'met'
        end as verdict

    from states
    cross join rule

),

refunds as (

    select
        customer_number,
        issue_id,
        min(case when signal = 'refund.latency' then signal_id end) as signal_id,
        max(case when signal = 'recovery.no_return' then 1 else 0 end) as was_kept

    from refund_signals
    group by
        customer_number,
        issue_id

),

refunds_remembered as (

    select
        signal_id,
        was_kept,
        lag(was_kept) over (partition by customer_number order by signal_id) as was_kept_before

    from refunds
    where signal_id is not null

),

kept_items as (

    select
        signal_id,
        'recovery.no_return' as kept_outcome,
        'yes = 1' as kept_unit,
        case when was_kept_before is null then 'standard' else 'own history' end as expected_from,
        0 as standard,
        coalesce(was_kept_before, 0) * 256 as expectation_256,
        was_kept * 256 as expectation_256_after,
        was_kept as floored_measure,
        case
            when was_kept < coalesce(was_kept_before, 0) then 'unmet'
            when was_kept > coalesce(was_kept_before, 0) then 'exceeded'
            else 'met'
        end as verdict

    from refunds_remembered

),

unioned as (

    select * from measured
    union all
    select * from kept_items

),

named as (

    select
        unioned.*,
        signals.customer_id,
        signals.signal_number,
        signals.source,
        signals.record_key,
        signals.signal_position,
        signals.interaction_id,
        signals.occurred_at,
        signals.touchpoint,
        signals.channel,
        signals.location_id,
        signals.issue_id,
        coalesce(unioned.kept_outcome, signals.signal) as outcome,
        coalesce(unioned.kept_unit, catalogue.unit) as unit

    from unioned
    inner join signals on unioned.signal_id = signals.signal_id
    cross join rule
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version

),

final as (

    select
        -- keys
        {{ surrogate_key([
            'customer_id', 'source', 'record_key', 'signal_position',
            'interaction_id', 'outcome'
        ]) }} as expectation_id,
        customer_id,
        signal_number,
        source,
        record_key as source_key,
        signal_position,

        -- the outcome
        occurred_at,
        touchpoint,
        channel,
        location_id,
        issue_id,
        outcome,
        unit,

        -- against the expectation
        standard,
        expected_from,
        expectation_256,
        cast(expectation_256 as double) / cast(256 as double) as expected,
        floored_measure as actual,
        verdict,
        cast(expectation_256_after as double) / cast(256 as double) as expected_next

    from named

)

select * from final
