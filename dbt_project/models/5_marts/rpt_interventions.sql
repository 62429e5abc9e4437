-- One row per reason to turn to a customer: a level that their score crossed upward, and a promise
-- that is broken and still open. A score may only trigger help.

{#- Where a customer stands moves on with the time of the run, the words of what happened never do: a view
    puts the two together. It names no database: who attaches the warehouse under another name reads it too. -#}
{{ config(materialized='view') }}

with

crossings as (

    select * from {{ ref('int_level_crossings').include(database=false) }}

),

crossings_now as (

    select * from {{ ref('int_crossings_now').include(database=false) }}

),

promises as (

    select * from {{ ref('fct_promises').include(database=false) }}

),

scores as (

    select * from {{ ref('int_customer_scores').include(database=false) }}

),

rule as (

    select * from {{ ref('int_report_rule').include(database=false) }}

),

run as (

    select * from {{ ref('stg_run').include(database=false) }}

),

-- Of one day, those in most trouble first. What became of them later changes no past day's places.
placed_in_day as (

    select
        *,
        case
            when not is_held_out and not is_held_by_cool_down then
                row_number() over (
                    partition by cast(occurred_at as date), is_held_out or is_held_by_cool_down
                    order by score desc, customer_id asc, signal_number asc
                )
        end as place_in_day

    from crossings

),

level_rows as (

    select
        placed_in_day.intervention_id,
        'level' as kind,
        placed_in_day.customer_id,
        placed_in_day.level,
        placed_in_day.occurred_at as since,
        case
            when crossings_now.state = 'due' and placed_in_day.place_in_day > rule.capacity_per_day
                then 'over_capacity'
            else coalesce(crossings_now.state, 'passed')
        end as state,
        placed_in_day.is_held_out,
        placed_in_day.place_in_day,
        concat(placed_in_day.reason, coalesce(crossings_now.felt_most, '')) as reason,
        placed_in_day.recommended_step,
        cast(null as varchar) as promise_id,
        placed_in_day.source,
        placed_in_day.source_key

    from placed_in_day
    cross join rule
    left join crossings_now on placed_in_day.intervention_id = crossings_now.intervention_id

),

breach_rows as (

    select
        {{ surrogate_key(["'open_breach'", 'promises.customer_id', 'promises.promise_id']) }}
            as intervention_id,
        'open_breach' as kind,
        promises.customer_id,
        coalesce(scores.level, 0) as level,
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
    left join scores on promises.customer_id = scores.customer_id
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
        coalesce(scores.score, 0) as score_now,
        coalesce(scores.level, 0) as level_now,
        together.promise_id,
        together.source,
        together.source_key,
        run.as_of,
        rule.rule_version

    from together
    left join scores on together.customer_id = scores.customer_id
    cross join run
    cross join rule

)

select * from final
