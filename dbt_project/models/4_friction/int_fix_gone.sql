-- One row per fix and signal of which friction would be gone, in micro-points, when what remains is
-- counted again: with fewer before it, a repetition is a lesser one. Without the contacts that came after
-- what is mended (`alone`), and with them; and how it fades.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

removals as (

    select * from {{ ref('int_fix_removals') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}
    where group_number is not null

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

repetitions as (

    select * from signals
    where repeat_micro > 0

),

-- Also a signal without friction of its own makes the next one a repetition.
repeated_after as (

    select
        repetitions.signal_id,
        scored.signal_id as earlier_signal_id,
        count(*) over (partition by repetitions.signal_id) as earlier_count

    from repetitions
    inner join scored on repetitions.group_number = scored.group_number
    cross join rule
    where
        scored.signal_id < repetitions.signal_id
        and repetitions.occurred_second - {{ epoch_second('scored.occurred_at') }}
        <= rule.repeat_window_seconds

),

fewer_before as (

    select
        removals.fix_number,
        repeated_after.signal_id,
        max(repeated_after.earlier_count)
        - count(*) filter (where not removals.is_follow_up) as left_alone,
        max(repeated_after.earlier_count) - count(*) as left_with_follow_ups

    from repeated_after
    inner join removals on repeated_after.earlier_signal_id = removals.signal_id
    group by
        removals.fix_number,
        repeated_after.signal_id

),

recounted as (

    select
        fewer_before.fix_number,
        signals.customer_number,
        signals.half_life,
        signals.decay_epoch,
        signals.decay_weight,
        {%- for extent in ['alone', 'with_follow_ups'] %}
        case
            when removals.signal_id is null{{ ' or removals.is_follow_up' if extent == 'alone' }}
                then signals.repeat_micro
                - {{ div(
                    'signals.base_micro * case least(fewer_before.left_' ~ extent ~ ' + 1, 4)'
                    ~ ' when 1 then rule.repeat_pct_1 when 2 then rule.repeat_pct_2'
                    ~ ' when 3 then rule.repeat_pct_3 else rule.repeat_pct_4 end',
                    '100'
                ) }}
            else 0
        end as gone_{{ extent }}{{ ',' if not loop.last }}
        {%- endfor %}

    from fewer_before
    inner join signals on fewer_before.signal_id = signals.signal_id
    cross join rule
    left join removals
        on
            fewer_before.fix_number = removals.fix_number
            and fewer_before.signal_id = removals.signal_id

),

final as (

    select
        removals.fix_number,
        signals.customer_number,
        signals.half_life,
        signals.decay_epoch,
        signals.decay_weight,
        removals.is_mended,
        case when removals.is_follow_up then 0 else signals.friction_micro end as gone_micro_alone,
        signals.friction_micro as gone_micro_with_follow_ups

    from removals
    inner join signals on removals.signal_id = signals.signal_id

    union all

    select
        fix_number,
        customer_number,
        half_life,
        decay_epoch,
        decay_weight,
        false as is_mended,
        gone_alone as gone_micro_alone,
        gone_with_follow_ups as gone_micro_with_follow_ups

    from recounted

)

select * from final
