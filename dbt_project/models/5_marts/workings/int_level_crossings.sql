-- One row per crossing of a level, upward: a customer's score reached it, for the first time or after a
-- fall below its reset. What of it depends on no other customer and on no later day.
-- noqa: disable=LT02

with

scores as (

    select * from {{ ref('fct_scores') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
in_trouble as (

    select distinct customer_id from {{ ref('fct_scores') }}
    where level > 0

),

-- How the customer stood just before each signal: what they felt then, without what it added.
standing as (

    select
        customer_id,
        signal_number,
        score,
        level,
        friction - friction_micro / cast(1000000 as double) as friction_before,
        credit_balance - credit_micro / cast(1000000 as double) as credit_before

    from {{ ref('fct_scores') }}

),

lines as (

    select
        customer_id,
        source,
        source_key,
        signal_position,
        occurred_at,
        friction_id,
        points_micro,
        explanation

    from {{ ref('int_ledger_lines') }}
    where part = 'base'

),

journeys as (

    select * from {{ ref('int_journeys') }}

),

levels as (

    select * from {{ ref('levels') }}

),

rule as (

    select * from {{ ref('int_report_rule') }}

),

thresholds as (

    select
        levels.level,
        cast(levels.threshold_fp as double) * rule.level_reset_pct / 100 as reset_below,
        levels.intervention

    from levels
    inner join rule on levels.rule_version = rule.rule_version
    where levels.level > 0

),

resets as (

    select
        {%- for n in range(1, 5) %}
        max(case when level = {{ n }} then reset_below end) as below_{{ n }}{{ ',' if not loop.last }}
        {%- endfor %}

    from thresholds

),

-- The last signals at which the level was reached, before this one, and at which there had been a fall
-- below its reset: just before it, or after the signal before, since credit may fade faster than
-- friction, and the score rise again before the next signal.
against_levels as (

    select
        standing.customer_id,
        standing.signal_number,
        standing.level,
        {%- for n in range(1, 5) %}
        max(case when standing.level >= {{ n }} then standing.signal_number end)
            over earlier as reached_{{ n }},
        max(
            case
                when
                    standing.friction_before
                    - least(standing.credit_before, 0.75 * standing.friction_before) < resets.below_{{ n }}
                    then standing.signal_number
            end
        ) over history as fell_before_{{ n }},
        max(case when standing.score < resets.below_{{ n }} then standing.signal_number + 1 end)
            over earlier as fell_after_{{ n }}{{ ',' if not loop.last }}
        {%- endfor %}

    from standing
    inner join in_trouble on standing.customer_id = in_trouble.customer_id
    cross join resets

    window
        history as (
            partition by standing.customer_id
            order by standing.signal_number
            rows between unbounded preceding and current row
        ),
        earlier as (
            partition by standing.customer_id
            order by standing.signal_number
            rows between unbounded preceding and 1 preceding
        )

),

-- Fires once, and again only after a fall below the reset. Of several levels crossed at one step, the
-- highest.
fired as (

    select
        customer_id,
        signal_number,
        case
            {%- for n in range(4, 0, -1) %}
            when
                level >= {{ n }}
                and greatest(coalesce(fell_before_{{ n }}, 0), coalesce(fell_after_{{ n }}, 0))
                > coalesce(reached_{{ n }}, -1)
                then {{ n }}
            {%- endfor %}
        end as threshold_level

    from against_levels
    where level > 0

),

crossings as (

    select
        fired.customer_id,
        fired.signal_number,
        fired.threshold_level,
        scores.occurred_at,
        scores.source,
        scores.source_key,
        scores.signal_position,
        scores.score

    from fired
    inner join scores
        on
            fired.customer_id = scores.customer_id
            and fired.signal_number = scores.signal_number
    where fired.threshold_level is not null

),

-- The cool-down runs from the last that fired: one that was held back holds nothing back itself.
crossings_in_order as (

    select
        customer_id,
        list(
            [struct_pack(
                signal_number := signal_number,
                level := threshold_level,
                second := {{ epoch_second('occurred_at') }}
            )]
            order by signal_number
        ) as each_alone

    from crossings
    group by customer_id

),

not_held_back as (

    select
        crossings_in_order.customer_id,
        unnest(
            {{ outside_cool_down('each_alone', 'level_cooldown_seconds') }}  -- noqa: PRS
        ).signal_number as signal_number

    from crossings_in_order
    cross join rule

),

held_by_cool_down as (

    select
        crossings.customer_id,
        crossings.signal_number

    from crossings
    left join not_held_back
        on
            crossings.customer_id = not_held_back.customer_id
            and crossings.signal_number = not_held_back.signal_number
    where not_held_back.customer_id is null

),

-- Somebody is at it already: held back until the case is closed, at the latest by silence.
held_by_case as (

    select
        crossings.customer_id,
        crossings.signal_number,
        max(journeys.silent_until) as until

    from crossings
    inner join journeys
        on
            crossings.customer_id = journeys.customer_id
            and crossings.occurred_at >= journeys.opened_at
    where
        journeys.subject_type = 'ticket'
        and journeys.closed_at is null
    group by
        crossings.customer_id,
        crossings.signal_number

),

-- A tenth is left alone on the levels where a message is all: only against them can be told what
-- an intervention does. The share is a function of the customer and the rules, and of no clock.
held_out as (

    select
        crossings.customer_id,
        crossings.signal_number,
        crossings.threshold_level <= rule.holdout_up_to_level
        and substr(md5(concat(crossings.customer_id, '/', rule.rule_version)), 1, 4)
        < lower(lpad(hex(cast({{ div('rule.holdout_pct * 65536', '100') }} as bigint)), 4, '0'))
            as is_held_out

    from crossings
    cross join rule

),

last_crossings as (

    select
        crossings.customer_id,
        max(crossings.signal_number) as signal_number

    from crossings
    left join held_by_cool_down
        on
            crossings.customer_id = held_by_cool_down.customer_id
            and crossings.signal_number = held_by_cool_down.signal_number
    where held_by_cool_down.customer_id is null
    group by crossings.customer_id

),

-- A record may signal twice in one moment; its line with the most points speaks for it.
trigger_lines as (

    select lines.*

    from lines
    inner join crossings
        on
            lines.customer_id = crossings.customer_id
            and lines.source = crossings.source
            and lines.source_key = crossings.source_key
            and lines.signal_position = crossings.signal_position
            and lines.occurred_at = crossings.occurred_at
    qualify row_number() over (
        partition by
            lines.customer_id,
            lines.source,
            lines.source_key,
            lines.signal_position,
            lines.occurred_at
        order by lines.points_micro desc, lines.friction_id asc
    ) = 1

),

final as (

    select
        -- keys
        {{ surrogate_key([
            "'level'",
            'crossings.customer_id',
            'crossings.source',
            'crossings.source_key',
            'crossings.signal_position',
            'crossings.occurred_at',
            'crossings.threshold_level',
        ]) }} as intervention_id,
        crossings.customer_id,
        crossings.signal_number,
        crossings.source,
        crossings.source_key,

        -- the crossing
        crossings.occurred_at,
        crossings.score,
        crossings.threshold_level as level,
        thresholds.reset_below,
        thresholds.intervention as recommended_step,
        concat(
            'The score reached ', cast(cast(crossings.score as decimal(18, 1)) as varchar),
            ', level ', cast(crossings.threshold_level as varchar),
            coalesce('. ' || trigger_lines.explanation, '')
        ) as reason,

        -- what may hold it back
        held_by_cool_down.customer_id is not null as is_held_by_cool_down,
        last_crossings.signal_number > crossings.signal_number as is_replaced,
        held_by_case.until as held_by_case_until,
        held_out.is_held_out

    from crossings
    inner join thresholds on crossings.threshold_level = thresholds.level
    inner join held_out
        on
            crossings.customer_id = held_out.customer_id
            and crossings.signal_number = held_out.signal_number
    inner join last_crossings on crossings.customer_id = last_crossings.customer_id
    left join held_by_case
        on
            crossings.customer_id = held_by_case.customer_id
            and crossings.signal_number = held_by_case.signal_number
    left join held_by_cool_down
        on
            crossings.customer_id = held_by_cool_down.customer_id
            and crossings.signal_number = held_by_cool_down.signal_number
    left join trigger_lines
        on
            crossings.customer_id = trigger_lines.customer_id
            and crossings.source = trigger_lines.source
            and crossings.source_key = trigger_lines.source_key
            and crossings.signal_position = trigger_lines.signal_position
            and crossings.occurred_at = trigger_lines.occurred_at

)

select * from final
