-- One row per signal that a promise's clock makes: a breach at the due, silence ticks after it, or
-- a late notice. Those after the run's as_of are what comes if nothing more happens; no published
-- table shows them, and a score asked for a later instant counts them.

{{ config(materialized='view') }}  -- read once, by int_ordered_signals

with

terms as (

    select * from {{ ref('int_promise_verdicts') }}

),

parameters as (

    select * from {{ ref('friction_params') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

silence_days as (

    select cast(parameters.value as integer) as tick_days
    from parameters
    inner join run on parameters.rule_version = run.rule_version
    where parameters.name like 'silence_tick_days_%'

),

breaches as (

    select
        terms.*,
        'promise.breach' as signal,
        terms.due_at as occurred_at,
        concat(terms.promise_id, ':breach') as record_key

    from terms
    where is_broken

),

silences as (

    select
        terms.*,
        'promise.silence' as signal,
        terms.due_at + silence_days.tick_days * interval '1' day as occurred_at,
        concat(
            terms.promise_id, ':silence:', lpad(cast(silence_days.tick_days as varchar), 2, '0')
        ) as record_key

    from terms
    cross join silence_days
    where
        terms.is_broken
        and (
            terms.silence_ended_at is null
            or terms.due_at + silence_days.tick_days * interval '1' day < terms.silence_ended_at
        )

),

late_notices as (

    select
        terms.*,
        'promise.late_notice' as signal,
        terms.first_updated_at as occurred_at,
        concat(terms.promise_id, ':late_notice') as record_key

    from terms
    where first_updated_at <= due_at

),

unioned as (

    select * from breaches
    union all
    select * from silences
    union all
    select * from late_notices

),

final as (

    select
        customer_id,
        occurred_at,
        record_key,
        source,
        0 as signal_position,
        -- of the record that made the promise
        interaction_id,
        event_id,
        journey_id,
        touchpoint,
        signal,
        issue_id,
        phase,
        promise_id,
        due_at,
        location_id

    from unioned

)

select * from final
