-- One row per signal that a promise's clock will make after the run's as_of if nothing more happens.
-- A score asked for a later instant counts them; they are in no other published table.

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}
    where {{ is_external('customer_id') }}

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
        scored.friction_micro,
        scored.credit_micro,
        scored.half_life,
        scored.decay_epoch,
        scored.decay_weight

    from scored
    inner join signals on scored.signal_id = signals.signal_id
    where not scored.has_occurred

)

select * from final
