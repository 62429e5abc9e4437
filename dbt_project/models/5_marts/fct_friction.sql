-- One row per scored signal and cause that is not zero: the ledger. Every point has a date, a cause,
-- a source record and a rule version.

{#- What is felt of every line moves on with the time of the run, its words never: a view puts the two
    together, so that no day writes the words of all days again. It names no database: who attaches the
    warehouse under another name reads it too. -#}
{{ config(materialized='view') }}

with

lines as (

    select * from {{ ref('int_ledger_lines').include(database=false) }}

),

felt as (

    select * from {{ ref('int_points_now').include(database=false) }}

),

final as (

    select
        -- keys
        lines.friction_id,
        lines.customer_id,
        lines.journey_id,
        lines.interaction_id,
        lines.event_id,
        lines.source,
        lines.source_key,
        lines.signal_position,

        -- the line
        lines.occurred_at,
        lines.signal,
        lines.part,
        lines.points_micro,
        lines.points,
        cast(
            cast(coalesce(felt.units, 0) as decimal(18, 0)) * cast(0.0001 as decimal(5, 4))
            as decimal(18, 4)
        ) as points_now,
        lines.half_life,
        lines.severity_micro,
        lines.expectation_256,

        -- where
        lines.channel,
        lines.touchpoint,
        lines.root_touchpoint,
        lines.issue_id,
        lines.phase,
        lines.promise_id,
        lines.location_id,
        lines.employee_id,

        -- why
        lines.rule_version,
        lines.explanation

    from lines
    left join felt on lines.line_number = felt.line_number

)

select * from final
