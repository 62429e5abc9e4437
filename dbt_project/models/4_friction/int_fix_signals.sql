-- One row per signal with friction: what a fix could mend, and the fixes that mend it, everywhere and in
-- its location. A fix is known by a number made of its name, the same in every build.

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

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        -- keys
        scored.signal_id,
        scored.customer_number,
        scored.customer_id,
        scored.issue_number,
        scored.group_number,
        signals.promise_id,
        {{ fix_number("coalesce(signals.touchpoint, 'none')", 'signals.signal') }}
            as everywhere_fix_number,
        case
            when signals.location_id is not null
                then {{ fix_number(
                    "coalesce(signals.touchpoint, 'none')", 'signals.signal', 'signals.location_id'
                ) }}
        end as location_fix_number,

        -- the signal
        coalesce(signals.touchpoint, 'none') as touchpoint,
        signals.signal,
        signals.location_id,
        scored.occurred_at,
        signals.occurred_second,
        signals.is_derived,
        catalogue.is_customer_initiated,

        -- its friction, and how that fades
        scored.base_micro,
        scored.repeat_micro,
        scored.friction_micro,
        scored.half_life,
        scored.decay_epoch,
        scored.decay_weight

    from scored
    inner join signals on scored.signal_id = signals.signal_id
    cross join run
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and run.rule_version = catalogue.rule_version
    where scored.friction_micro > 0 and scored.has_occurred

)

select * from final
