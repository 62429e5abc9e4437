-- One row per measured signal: what the customer had come to expect before it, and expects after
-- it, in 256ths of the signal's unit. A pleasant surprise raises the bar; bad service never lowers
-- it below the standard (friction model 2.2).
-- noqa: disable=LT02

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

measured as (

    select
        signals.signal_id,
        signals.customer_id,
        signals.customer_number,
        signals.touchpoint,
        signals.signal,
        catalogue.e0 as standard,
        greatest(signals.measure, catalogue.floor) as floored_measure,
        -- From here on it lifts any expectation to the standard, and the sums would overflow.
        least(greatest(signals.measure, catalogue.floor), 256 * catalogue.e0) as felt_measure

    from signals
    cross join rule
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    -- Without its measure an experience is unknown: it weighs nothing and teaches nothing.
    where catalogue.kind = 'excess' and signals.measure is not null

),

remembered as (

    select
        signal_id,
        customer_id,
        standard,
        floored_measure,
        row_number() over history - 1 as experience_count,
        {%- for j in range(1, 9) %}
        {{ 2 ** (8 - j) }} * lag(felt_measure, {{ j }}, standard) over history {{ '+' if j < 8 }}
        {%- endfor %}
        + standard as moving_256,
        128 * felt_measure
        {%- for j in range(1, 8) %}
        + {{ 2 ** (7 - j) }} * lag(felt_measure, {{ j }}, standard) over history
        {%- endfor %}
        + standard as moving_256_after

    from measured

    window history as (
        partition by customer_number, touchpoint, signal
        order by signal_id
    )

),

final as (

    select
        signal_id,
        customer_id,
        standard,
        floored_measure,
        experience_count,
        least(256 * standard, moving_256) as expectation_256,
        least(256 * standard, moving_256_after) as expectation_256_after

    from remembered

)

select * from final
