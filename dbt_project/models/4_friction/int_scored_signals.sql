-- One row per signal with its points, in micro-points: the parts of its friction, or its credit,
-- and the integer weight of its hour. Exact integers: no order of work changes them.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

context as (

    select * from {{ ref('int_signal_context') }}

),

expectations as (

    select * from {{ ref('int_expectation_states') }}

),

hours as (

    select * from {{ ref('int_hours') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

-- A wide division costs many times an ordinary one: only where the numbers are so large.
ratios as (

    select
        expectations.signal_id,
        expectations.expectation_256,
        case
            when expectations.floored_measure <= 360000000 then
                {{ div(
                    'expectations.floored_measure * 25600000000',
                    'expectations.expectation_256 * rule.tolerated_pct'
                ) }}
            else cast(least({{ div(
                wide('expectations.floored_measure') ~ ' * 25600000000',
                'expectations.expectation_256 * rule.tolerated_pct'
            ) }}, 1000000000000) as bigint)
        end as excess_ratio,
        case
            when expectations.floored_measure <= 360000000 and expectations.expectation_256 <= 90000000000
                then
                    {{ div(
                        'expectations.expectation_256 * rule.surprise_pct * 1000000',
                        'expectations.floored_measure * 25600'
                    ) }}
            else cast(least({{ div(
                wide('expectations.expectation_256') ~ ' * rule.surprise_pct * 1000000',
                wide('expectations.floored_measure') ~ ' * 25600'
            ) }}, 1000000000000) as bigint)
        end as surprise_ratio

    from expectations
    cross join rule

),

severities as (

    select
        ratios.signal_id,
        ratios.expectation_256,
        {{ severity('ratios.excess_ratio') }} as severity_micro,
        least(rule.surprise_cap, {{ severity('ratios.surprise_ratio') }}) as surprise_micro

    from ratios
    cross join rule

),

weighed as (

    select
        signals.signal_id,
        signals.customer_number,
        signals.customer_id,
        signals.signal_number,
        signals.occurred_at,
        signals.occurred_at <= run.as_of as has_occurred,
        signals.occurred_hour,
        catalogue.half_life,
        coalesce(
            severities.severity_micro, case when catalogue.kind = 'excess' then 0 else 1000000 end
        ) as severity_micro,
        severities.expectation_256,
        coalesce(context.repeat_number, 1) as repeat_number,
        context.issue_number,
        context.group_number,
        case
            when catalogue.kind in ('credit', 'neutral') or signals.is_credit_only then 0
            when catalogue.kind = 'excess'
                then {{ div('catalogue.weight * coalesce(severities.severity_micro, 0)', '1000') }}
            else catalogue.weight * 1000
        end as base_micro,
        case least(coalesce(context.repeat_number, 1), 4)
            {%- for n in range(1, 5) %}
            when {{ n }} then rule.repeat_pct_{{ n }}
            {%- endfor %}
        end as repeat_pct,
        case when context.is_switch then rule.switch_pct else 0 end as switch_pct,
        case signals.phase
            {%- for phase in ['before', 'beginning', 'during', 'after'] %}
            when '{{ phase }}' then rule.phase_pct_{{ phase }}
            {%- endfor %}
            else 0
        end
        + case when signals.is_moment_of_truth then rule.moment_of_truth_pct else 0 end as phase_pct,
        case
            when signals.is_late_or_repeated then 0
            when catalogue.kind = 'credit' then catalogue.weight * 1000
            when catalogue.wcredit > 0
                then {{ div('catalogue.wcredit * coalesce(severities.surprise_micro, 0)', '1000') }}
            else 0
        end as good_micro,
        rule.credit_pct

    from signals
    cross join rule
    cross join run
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    left join context on signals.signal_id = context.signal_id
    left join severities on signals.signal_id = severities.signal_id

),

parts as (

    select
        *,
        {{ div('base_micro * repeat_pct', '100') }} as repeat_micro,
        {{ div('base_micro * switch_pct', '100') }} as switch_micro,
        {{ div('base_micro * phase_pct', '100') }} as phase_micro,
        {{ div('good_micro * credit_pct', '100') }} as credit_micro

    from weighed

),

final as (

    select
        -- keys
        parts.signal_id,
        parts.customer_number,
        parts.customer_id,
        parts.signal_number,
        parts.issue_number,
        parts.group_number,
        parts.occurred_at,
        -- Stored: a planner that has to compare it with a subquery expects no rows at all.
        parts.has_occurred,

        -- how it was judged
        parts.severity_micro,
        parts.expectation_256,
        parts.repeat_number,

        -- points
        parts.base_micro,
        parts.repeat_micro,
        parts.switch_micro,
        parts.phase_micro,
        parts.base_micro + parts.repeat_micro + parts.switch_micro + parts.phase_micro as friction_micro,
        parts.credit_micro,

        -- decay
        parts.occurred_hour,
        hours.cell,
        parts.half_life,
        {%- for column in ['epoch', 'weight'] %}
        case parts.half_life
            {%- for class in ['short', 'base', 'long'] %}
            when '{{ class }}' then hours.{{ column }}_{{ class }}
            {%- endfor %}
        end as decay_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from parts
    inner join hours on parts.occurred_hour = hours.occurred_hour

)

select * from final
