-- One row per outcome with an expectation: what the customer expected, what came, and what a customer
-- so served expects next. A pleasant surprise becomes the expectation.

with

expectations as (

    select * from {{ ref('int_expectations') }}
    where {{ is_external('customer_id') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        -- keys
        expectations.expectation_id,
        expectations.customer_id,
        expectations.source,
        expectations.source_key,
        expectations.signal_position,

        -- the outcome
        expectations.occurred_at,
        expectations.outcome,
        expectations.unit,
        expectations.channel,
        expectations.touchpoint,
        expectations.location_id,
        expectations.issue_id,

        -- against the expectation
        cast(expectations.standard as bigint) as standard,
        expectations.expected,
        expectations.expected_from,
        cast(expectations.actual as bigint) as actual,
        expectations.verdict,
        expectations.expected_next,
        run.rule_version

    from expectations
    cross join run

)

select * from final
