-- One row per reason to turn to a customer: a level that their score crossed upward, and a promise
-- that is broken and still open. A score may only trigger help.

with

scores as (

    select * from {{ ref('fct_scores') }}

),

friction as (

    select * from {{ ref('fct_friction') }}

),

promises as (

    select * from {{ ref('fct_promises') }}

),

journeys as (

    select * from {{ ref('fct_journeys') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

levels as (

    select * from {{ ref('levels') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

rule as (

    select * from {{ ref('int_report_rule') }}

),

run as (

    select * from {{ ref('stg_run') }}

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

-- Somebody is at it already: held back until the case is closed.
held_by_case as (

    select distinct
        crossings.customer_id,
        crossings.signal_number

    from crossings
    inner join journeys
        on
            crossings.customer_id = journeys.customer_id
            and crossings.occurred_at >= journeys.opened_at
    where
        journeys.subject_type = 'ticket'
        and journeys.closed_at is null

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

-- Of one day, those in most trouble first. What became of them later changes no past day's places.
placed_in_day as (

    select
        crossings.customer_id,
        crossings.signal_number,
        row_number() over (
            partition by cast(crossings.occurred_at as date)
            order by
                crossings.score desc,
                crossings.customer_id asc,
                crossings.signal_number asc
        ) as place_in_day

    from crossings
    inner join held_out
        on
            crossings.customer_id = held_out.customer_id
            and crossings.signal_number = held_out.signal_number
    left join held_by_cool_down
        on
            crossings.customer_id = held_by_cool_down.customer_id
            and crossings.signal_number = held_by_cool_down.signal_number
    where
        not held_out.is_held_out
        and held_by_cool_down.customer_id is null

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

causes as (

    select
        customer_id,
        signal,
        touchpoint,
        sum(points_now) as points_now

    from friction
    where
        part != 'credit'
        and customer_id in (select last_crossings.customer_id from last_crossings)
    group by
        customer_id,
        signal,
        touchpoint

),

main_causes as (

    select * from causes
    where points_now > 0
    qualify row_number() over (
        partition by customer_id
        order by points_now desc, signal asc, touchpoint asc
    ) = 1

),

-- A record may signal twice in one moment; its line with the most points speaks for it.
trigger_lines as (

    select friction.*

    from friction
    inner join crossings
        on
            friction.customer_id = crossings.customer_id
            and friction.source = crossings.source
            and friction.source_key = crossings.source_key
            and friction.signal_position = crossings.signal_position
            and friction.occurred_at = crossings.occurred_at
    where friction.part = 'base'
    qualify row_number() over (
        partition by
            friction.customer_id,
            friction.source,
            friction.source_key,
            friction.signal_position,
            friction.occurred_at
        order by friction.points_micro desc, friction.friction_id asc
    ) = 1

),

level_rows as (

    select
        {{ surrogate_key([
            "'level'",
            'crossings.customer_id',
            'crossings.source',
            'crossings.source_key',
            'crossings.signal_position',
            'crossings.occurred_at',
            'crossings.threshold_level',
        ]) }} as intervention_id,
        'level' as kind,
        crossings.customer_id,
        crossings.threshold_level as level,
        crossings.occurred_at as since,
        case
            when customers.score < thresholds.reset_below then 'passed'
            when held_by_cool_down.customer_id is not null then 'held_back_cool_down'
            when last_crossings.signal_number > crossings.signal_number then 'replaced'
            when held_by_case.customer_id is not null then 'held_back_case_open'
            when held_out.is_held_out then 'held_out'
            when placed_in_day.place_in_day > rule.capacity_per_day then 'over_capacity'
            else 'due'
        end as state,
        held_out.is_held_out,
        placed_in_day.place_in_day,
        concat(
            'The score reached ', cast(cast(crossings.score as decimal(18, 1)) as varchar),
            ', level ', cast(crossings.threshold_level as varchar),
            coalesce(concat('. ', trigger_lines.explanation), ''),
            coalesce(
                concat(
                    '. Felt most now, with ',
                    cast(cast(main_causes.points_now as decimal(18, 1)) as varchar),
                    ' points: the customer ', catalogue.phrase, ' (', main_causes.touchpoint, ')'
                ),
                ''
            )
        ) as reason,
        thresholds.intervention as recommended_step,
        cast(null as varchar) as promise_id,
        crossings.source,
        crossings.source_key

    from crossings
    cross join rule
    inner join thresholds on crossings.threshold_level = thresholds.level
    inner join held_out
        on
            crossings.customer_id = held_out.customer_id
            and crossings.signal_number = held_out.signal_number
    left join placed_in_day
        on
            crossings.customer_id = placed_in_day.customer_id
            and crossings.signal_number = placed_in_day.signal_number
    inner join last_crossings on crossings.customer_id = last_crossings.customer_id
    inner join customers on crossings.customer_id = customers.customer_id
    left join held_by_case
        on
            crossings.customer_id = held_by_case.customer_id
            and crossings.signal_number = held_by_case.signal_number
    left join held_by_cool_down
        on
            crossings.customer_id = held_by_cool_down.customer_id
            and crossings.signal_number = held_by_cool_down.signal_number
    left join main_causes on crossings.customer_id = main_causes.customer_id
    left join catalogue
        on
            main_causes.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    left join trigger_lines
        on
            crossings.customer_id = trigger_lines.customer_id
            and crossings.source = trigger_lines.source
            and crossings.source_key = trigger_lines.source_key
            and crossings.signal_position = trigger_lines.signal_position
            and crossings.occurred_at = trigger_lines.occurred_at

),

breach_rows as (

    select
        {{ surrogate_key(["'open_breach'", 'promises.customer_id', 'promises.promise_id']) }}
            as intervention_id,
        'open_breach' as kind,
        promises.customer_id,
        customers.level,
        promises.broken_at as since,
        'due' as state,
        false as is_held_out,
        cast(null as bigint) as place_in_day,
        concat(
            case
                when promises.promise_kind is null then 'What was promised'
                else concat('The ', replace(promises.promise_kind, '_', ' '), ' promised')
            end,
            ' by ', substr(cast(promises.due_at as varchar), 1, 16), ' UTC is overdue',
            case
                when promises.chase_count = 1 then '; the customer has asked once'
                when promises.chase_count > 1
                    then concat('; the customer has asked ', cast(promises.chase_count as varchar), ' times')
                else ''
            end,
            case
                when promises.silent_days > 0
                    then concat(
                        '; nobody said a word for ', cast(promises.silent_days as varchar),
                        case when promises.calendar_id is not null then ' working' else '' end,
                        case when promises.silent_days = 1 then ' day' else ' days' end
                    )
                else ''
            end
        ) as reason,
        case
            when promises.kept_internally_at is not null
                then 'tell the customer: it is done, and nobody has said so'
            else 'keep it, or tell the customer a new date'
        end as recommended_step,
        promises.promise_id,
        promises.source,
        promises.source_key

    from promises
    inner join customers on promises.customer_id = customers.customer_id
    where promises.state = 'broken_open'

),

together as (

    select * from level_rows
    union all
    select * from breach_rows

),

final as (

    select
        together.intervention_id,
        together.kind,
        together.customer_id,
        together.level,
        together.since,
        together.state,
        together.is_held_out,
        together.place_in_day,
        together.reason,
        together.recommended_step,
        customers.score as score_now,
        customers.level as level_now,
        together.promise_id,
        together.source,
        together.source_key,
        run.as_of,
        rule.rule_version

    from together
    inner join customers on together.customer_id = customers.customer_id
    cross join run
    cross join rule

)

select * from final
