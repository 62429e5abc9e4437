-- One row per signal with friction: what a fix could mend, and how much of it is still felt as of
-- the run, in whole micro-points.

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}
    where {{ is_external('customer_id') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

clock as (

    select * from {{ ref('int_decay_clock') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

with_weights as (

    select
        scored.signal_id,
        scored.customer_number,
        coalesce(signals.touchpoint, 'none') as touchpoint,
        signals.signal,
        signals.location_id,
        scored.issue_number,
        scored.group_number,
        signals.promise_id,
        scored.occurred_at,
        signals.occurred_second,
        signals.is_derived,
        catalogue.is_customer_initiated,
        scored.base_micro,
        scored.repeat_micro,
        scored.friction_micro,

        -- weight of one micro-point now, as a fraction: what lies two epochs back is forgotten
        case
            when scored.decay_epoch >= clock.epoch - 1 then scored.decay_weight
            else 0
        end as felt_weight,
        {{ wide('clock.weight') }}
        * case when scored.decay_epoch = clock.epoch then 1 else clock.epoch_factor end as felt_of

    from scored
    inner join signals on scored.signal_id = signals.signal_id
    inner join clock on scored.half_life = clock.half_life
    cross join run
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and run.rule_version = catalogue.rule_version
    where scored.friction_micro > 0 and scored.has_occurred

),

nearly_divided as (

    select
        *,
        {{ near_quotient(wide('friction_micro') ~ ' * felt_weight', 'felt_of') }} as near_micro

    from with_weights

),

with_rest as (

    select
        *,
        {{ wide('friction_micro') }} * felt_weight - {{ wide('near_micro') }} * felt_of as near_rest

    from nearly_divided

),

final as (

    select
        signal_id,
        customer_number,
        touchpoint,
        signal,
        location_id,
        issue_number,
        group_number,
        promise_id,
        occurred_at,
        occurred_second,
        is_derived,
        is_customer_initiated,
        base_micro,
        repeat_micro,
        friction_micro,
        felt_weight,
        felt_of,
        near_micro + {{ quotient_off('near_rest', 'felt_of') }} as felt_micro

    from with_rest

)

select * from final
