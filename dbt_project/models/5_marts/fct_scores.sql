-- One row per scored signal, those of promises' clocks included: the customer's score just after
-- it, of what had happened up to and including it.
-- noqa: disable=LT02

with

scored as (

    select * from {{ ref('int_scored_signals') }}

),

signals as (

    select * from {{ ref('int_ordered_signals') }}
    where {{ is_external('customer_id') }}

),

hours as (

    select * from {{ ref('int_hours') }}

),

starts as (

    select * from {{ ref('int_decay_starts') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

-- Those still to come stand behind all others: left out here, DuckDB would think few are left, and
-- build its joins on the wrong side.
summed as (

    select
        signal_id,
        customer_number,
        cell,
        occurred_hour,
        has_occurred,
        half_life,
        decay_epoch,
        decay_weight,
        friction_micro,
        credit_micro,
        {%- for class in ['short', 'base', 'long'] %}
        {%- for sum, name in [('sum', 'friction'), ('sum', 'credit'), ('max', 'peak')] %}
        coalesce({{ over_those(
            sum,
            wide('credit_micro' if name == 'credit' else 'friction_micro') ~ ' * decay_weight',
            "half_life = '" ~ class ~ "'",
            'history'
        ) }}, 0) as {{ name }}_{{ class }}
        {{- ',' if not loop.last }}
        {%- endfor %}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from scored

    window history as (
        partition by customer_number, cell
        order by signal_id
        rows between unbounded preceding and current row
    )

),

carried as (

    select
        summed.signal_id,
        summed.half_life,
        summed.decay_epoch,
        summed.decay_weight,
        summed.friction_micro,
        summed.credit_micro,
        {%- for class in ['short', 'base', 'long'] %}
        {{ quotient(
            'summed.friction_' ~ class ~ ' + coalesce(starts.friction_' ~ class ~ ', 0)',
            'hours.weight_' ~ class
        ) }} as friction_{{ class }},
        {{ quotient(
            'summed.credit_' ~ class ~ ' + coalesce(starts.credit_' ~ class ~ ', 0)',
            'hours.weight_' ~ class
        ) }} as credit_{{ class }},
        {{ quotient(
            'greatest(summed.peak_' ~ class ~ ', coalesce(starts.peak_' ~ class ~ ', 0))',
            'hours.weight_' ~ class
        ) }} as peak_{{ class }}{{ ',' if not loop.last }}
        {%- endfor %}

    from summed
    inner join hours on summed.occurred_hour = hours.occurred_hour
    left join starts
        on
            summed.customer_number = starts.customer_number
            and summed.cell = starts.cell
    where summed.has_occurred

),

felt as (

    select
        signal_id,
        half_life,
        decay_epoch,
        decay_weight,
        friction_micro,
        credit_micro,
        {{ points('friction_short', 'friction_base', 'friction_long') }} as friction,
        greatest(peak_short, peak_base, peak_long) / cast(1000000 as double) as peak,
        {{ quotient(wide('friction_micro') ~ ' * decay_weight', 'decay_weight') }}
        / cast(1000000 as double) as end_friction,
        {{ points('credit_short', 'credit_base', 'credit_long') }} as credit_balance

    from carried

),

capped as (

    select
        felt.*,
        {{ credit_applied() }} as credit_applied

    from felt
    cross join rule

),

final as (

    select
        -- keys
        signals.customer_id,
        signals.signal_number,
        signals.occurred_at,
        signals.source,
        signals.record_key as source_key,
        signals.signal_position,
        signals.signal,

        -- after it
        capped.friction,
        capped.peak,
        capped.end_friction,
        capped.credit_balance,
        capped.credit_applied,
        capped.friction - capped.credit_applied as score,
        {{ rfs() }} as rfs,
        {{ level('(capped.friction - capped.credit_applied)') }} as level,

        -- what it added, and how that fades
        capped.friction_micro,
        capped.credit_micro,
        capped.half_life,
        capped.decay_epoch,
        capped.decay_weight,
        rule.rule_version

    from capped
    inner join signals on capped.signal_id = signals.signal_id
    cross join rule

)

select * from final
