-- One row per journey with a scored signal: its friction, the clocks of its promises included.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

-- A promise's clock is on the journey of its issue.
issues as (

    select
        customer_id,
        issue_id,
        min_by(journey_id, step_number) as journey_id

    from steps
    where issue_id is not null
    group by
        customer_id,
        issue_id

),

placed as (

    select
        scored.signal_id,
        coalesce(steps.journey_id, issues.journey_id) as journey_id,
        scored.friction_micro,
        scored.credit_micro

    from scored
    inner join signals on scored.signal_id = signals.signal_id
    left join steps on signals.interaction_id = steps.interaction_id
    left join issues
        on
            signals.customer_id = issues.customer_id
            and signals.issue_id = issues.issue_id
    where scored.occurred_at <= (select run.as_of from run)

),

final as (

    select
        journey_id,
        cast(sum(friction_micro) as bigint) as friction_micro,
        cast(sum(credit_micro) as bigint) as credit_micro,
        max(friction_micro) as worst_micro,
        max_by(friction_micro, signal_id) as last_micro

    from placed
    where journey_id is not null
    group by journey_id

)

select * from final
