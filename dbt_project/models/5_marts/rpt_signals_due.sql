-- One row per signal that a promise's clock will make after the run's as_of if nothing more happens.
-- A score asked for a later instant counts them; they are in no other published table.

with

signals as (

    select * from {{ ref('int_scored_signals') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        -- keys
        signals.customer_id,
        signals.signal_number,
        signals.occurred_at,
        signals.source,
        signals.record_key as source_key,
        signals.signal_position,
        signals.signal,

        -- what it would add, and how that fades
        signals.friction_micro,
        signals.credit_micro,
        signals.half_life,
        signals.decay_epoch,
        signals.decay_weight

    from signals
    cross join run
    where signals.occurred_at > run.as_of

)

select * from final
