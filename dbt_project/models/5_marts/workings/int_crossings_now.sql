-- One row per crossing of a level from which its customer has not come down as of the run: whether
-- somebody should turn to them for it, and what they feel most now. Those of all other days are over.

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

scores as (

    select * from {{ ref('int_customer_scores') }}

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

standing as (

    select
        crossings.intervention_id,
        crossings.customer_id,
        case
            when crossings.is_held_by_cool_down then 'held_back_cool_down'
            when crossings.is_replaced then 'replaced'
            when crossings.held_by_case_until >= run.as_of then 'held_back_case_open'
            when crossings.is_held_out then 'held_out'
            else 'due'
        end as state

    from crossings
    cross join run
    inner join scores on crossings.customer_id = scores.customer_id
    where scores.score >= crossings.reset_below

),

causes as (

    select
        lines.customer_id,
        lines.signal,
        lines.touchpoint,
        sum(felt.units) as units

    from lines
    inner join felt on lines.line_number = felt.line_number
    where lines.customer_id in (select standing.customer_id from standing)
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

final as (

    select
        standing.intervention_id,
        standing.customer_id,
        standing.state,
        case
            when main_causes.customer_id is not null then concat(
                '. Felt most now, with ',
                cast(cast(
                    cast(main_causes.units as decimal(18, 0)) * cast(0.0001 as decimal(5, 4))
                    as decimal(18, 1)
                ) as varchar),
                ' points: the customer ', catalogue.phrase, ' (', main_causes.touchpoint, ')'
            )
        end as felt_most

    from standing
    cross join rule
    left join main_causes on standing.customer_id = main_causes.customer_id
    left join catalogue
        on
            main_causes.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version

)

select * from final
