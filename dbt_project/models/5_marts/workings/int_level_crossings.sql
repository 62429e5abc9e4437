-- One row per crossing of a level, upward: a customer's score reached it, for the first time or after a
-- fall below its reset. What of it depends on no other customer and on no later day.

with

scores as (

    select * from {{ ref('fct_scores') }}

),

lines as (

    select * from {{ ref('int_ledger_lines') }}
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
        cast(levels.threshold_fp as double) as threshold,
        cast(levels.threshold_fp as double) * rule.level_reset_pct / 100 as reset_below,
        levels.intervention

    from levels
    inner join rule on levels.rule_version = rule.rule_version
    where levels.level > 0

),

in_trouble as (

    select distinct customer_id from scores
    where level > 0

),

-- How the customer stood just before each signal: what they felt then, without what it added.
before_each as (

    select
        scores.customer_id,
        scores.signal_number,
        scores.occurred_at,
        scores.source,
        scores.source_key,
        scores.signal_position,
        scores.score,
        scores.level,
        scores.friction - scores.friction_micro / cast(1000000 as double) as friction_before,
        scores.credit_balance - scores.credit_micro / cast(1000000 as double) as credit_before,
        -- Credit may fade faster than friction, and the score rise again before the next signal.
        lag(scores.score) over (
            partition by scores.customer_id
            order by scores.signal_number
        ) as previous_score,
        row_number() over (
            partition by scores.customer_id
            order by scores.signal_number
        ) = 1 as is_first,
        cast(scores.credit_applied as double) as credit_applied

    from scores
    inner join in_trouble on scores.customer_id = in_trouble.customer_id

),

against_levels as (

    select
        before_each.*,
        thresholds.level as threshold_level,
        before_each.level >= thresholds.level as is_reached,
        sum(
            case
                when
                    before_each.is_first
                    or before_each.previous_score < thresholds.reset_below
                    or before_each.friction_before
                    - least(before_each.credit_before, 0.75 * before_each.friction_before)
                    < thresholds.reset_below
                    then 1
                else 0
            end
        ) over (
            partition by before_each.customer_id, thresholds.level
            order by before_each.signal_number
            rows between unbounded preceding and current row
        ) as reset_number

    from before_each
    cross join thresholds

),

-- Fires once, and again only after a fall below the reset.
fired as (

    select * from against_levels
    where is_reached
    qualify row_number() over (
        partition by customer_id, threshold_level, reset_number
        order by signal_number
    ) = 1

),

-- Of several levels crossed at one step, the highest.
crossings as (

    select * from fired
    qualify row_number() over (
        partition by customer_id, signal_number
        order by threshold_level desc
    ) = 1

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
