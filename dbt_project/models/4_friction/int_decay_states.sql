-- One row per customer, half-life and epoch, as of the run: the exact sums from which the score at
-- any later instant follows. `last_` columns are those of the row's last signal.

with

signals as (

    select * from {{ ref('int_scored_signals') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        signals.customer_id,
        signals.half_life,
        signals.decay_epoch,
        sum({{ wide('signals.friction_micro') }} * signals.decay_weight) as friction_sum,
        sum({{ wide('signals.credit_micro') }} * signals.decay_weight) as credit_sum,
        max({{ wide('signals.friction_micro') }} * signals.decay_weight) as peak_sum,
        max(signals.signal_number) as last_signal_number,
        max_by(
            {{ wide('signals.friction_micro') }} * signals.decay_weight, signals.signal_number
        ) as last_sum

    from signals
    cross join run
    where signals.occurred_at <= run.as_of
    group by
        signals.customer_id,
        signals.half_life,
        signals.decay_epoch

)

select * from final
