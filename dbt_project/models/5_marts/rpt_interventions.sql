-- One row per reason to turn to a customer: a level that their score crossed upward, and a promise
-- that is broken and still open. A score may only trigger help.

with

crossings as (

    select * from {{ ref('int_level_crossings') }}

),

felt as (

    select * from {{ ref('int_points_now') }}

),

lines as (

    select * from {{ ref('int_ledger_lines') }}
    where part != 'credit'

),

promises as (

    select * from {{ ref('fct_promises') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

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

causes as (

    select
        lines.customer_id,
        lines.signal,
        lines.touchpoint,
        sum(felt.units) as units

    from lines
    inner join felt on lines.line_number = felt.line_number
    where lines.customer_id in (select crossings.customer_id from crossings)
    group by
        lines.customer_id,
        lines.signal,
        lines.touchpoint

),

main_causes as (

    select * from causes
    qualify row_number() over (
        partition by customer_id
        order by units desc, signal asc, touchpoint asc
    ) = 1

),

felt_most as (

    select
        main_causes.customer_id,
        concat(
            '. Felt most now, with ',
            cast(cast(
                cast(main_causes.units as decimal(18, 0)) * cast(0.0001 as decimal(5, 4))
                as decimal(18, 1)
            ) as varchar),
            ' points: the customer ', catalogue.phrase, ' (', main_causes.touchpoint, ')'
        ) as reason

    from main_causes
    cross join rule
    left join catalogue
        on
            main_causes.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version

),

level_rows as (

    select
        placed_in_day.intervention_id,
        'level' as kind,
        placed_in_day.customer_id,
        placed_in_day.level,
        placed_in_day.occurred_at as since,
        case
            when customers.score < placed_in_day.reset_below then 'passed'
            when placed_in_day.is_held_by_cool_down then 'held_back_cool_down'
            when placed_in_day.is_replaced then 'replaced'
            when placed_in_day.held_by_case_until >= run.as_of then 'held_back_case_open'
            when placed_in_day.is_held_out then 'held_out'
            when placed_in_day.place_in_day > rule.capacity_per_day then 'over_capacity'
            else 'due'
        end as state,
        placed_in_day.is_held_out,
        placed_in_day.place_in_day,
        concat(placed_in_day.reason, coalesce(felt_most.reason, '')) as reason,
        placed_in_day.recommended_step,
        cast(null as varchar) as promise_id,
        placed_in_day.source,
        placed_in_day.source_key

    from placed_in_day
    cross join rule
    cross join run
    inner join customers on placed_in_day.customer_id = customers.customer_id
    left join felt_most on placed_in_day.customer_id = felt_most.customer_id

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
