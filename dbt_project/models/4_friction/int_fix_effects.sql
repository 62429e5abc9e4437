-- One row per fix, extent and customer: the friction that would be gone, in micro-points, when what
-- remains is counted again: with fewer before it, a repetition is a lesser one.

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

removals as (

    select * from {{ ref('int_fix_removals') }}

),

fixes as (

    select * from {{ ref('int_fixes') }}

),

ordered as (

    select * from {{ ref('int_ordered_signals') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
customers as (

    select
        customer_number,
        customer_id

    from {{ ref('int_ordered_signals') }}
    where signal_number = 1

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

repetitions as (

    select * from signals
    where repeat_micro > 0

),

-- Also a signal without friction of its own makes the next one a repetition.
grouped as (

    select
        ordered.signal_id,
        ordered.customer_number,
        ordered.issue_id,
        ordered.occurred_second,
        catalogue.repeat_group

    from ordered
    cross join rule
    inner join catalogue
        on
            ordered.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    where ordered.issue_id is not null and catalogue.repeat_group is not null

),

repeated_after as (

    select
        repetitions.signal_id,
        grouped.signal_id as earlier_signal_id,
        count(*) over (partition by repetitions.signal_id) as earlier_count

    from repetitions
    inner join grouped
        on
            repetitions.customer_number = grouped.customer_number
            and repetitions.issue_id = grouped.issue_id
            and repetitions.repeat_group = grouped.repeat_group
    cross join rule
    where
        grouped.signal_id < repetitions.signal_id
        and repetitions.occurred_second - grouped.occurred_second <= rule.repeat_window_seconds

),

fewer_before as (

    select
        removals.fix_number,
        removals.extent,
        repeated_after.signal_id,
        max(repeated_after.earlier_count) - count(*) as left_count

    from repeated_after
    inner join removals on repeated_after.earlier_signal_id = removals.signal_id
    group by
        removals.fix_number,
        removals.extent,
        repeated_after.signal_id

),

recounted as (

    select
        fewer_before.fix_number,
        fewer_before.extent,
        signals.customer_number,
        signals.felt_weight,
        signals.felt_of,
        signals.repeat_micro
        - {{ div(
            'signals.base_micro * case least(fewer_before.left_count + 1, 4)'
            ~ ' when 1 then rule.repeat_pct_1 when 2 then rule.repeat_pct_2'
            ~ ' when 3 then rule.repeat_pct_3 else rule.repeat_pct_4 end',
            '100'
        ) }} as gone_micro

    from fewer_before
    inner join signals on fewer_before.signal_id = signals.signal_id
    cross join rule
    left join removals
        on
            fewer_before.fix_number = removals.fix_number
            and fewer_before.extent = removals.extent
            and fewer_before.signal_id = removals.signal_id
    where removals.signal_id is null

),

gone as (

    select
        removals.fix_number,
        removals.extent,
        signals.customer_number,
        signals.felt_weight,
        signals.felt_of,
        signals.friction_micro as gone_micro

    from removals
    inner join signals on removals.signal_id = signals.signal_id

    union all

    select
        fix_number,
        extent,
        customer_number,
        felt_weight,
        felt_of,
        gone_micro

    from recounted

),

summed as (

    select
        fix_number,
        extent,
        customer_number,
        cast(sum(gone_micro) as bigint) as gone_micro,
        cast(
            sum({{ div(wide('gone_micro') ~ ' * felt_weight', 'felt_of') }}) as bigint
        ) as gone_now_micro

    from gone
    group by
        fix_number,
        extent,
        customer_number

),

final as (

    select
        fixes.fix_id,
        summed.extent,
        customers.customer_id,
        summed.gone_micro,
        summed.gone_now_micro

    from summed
    inner join fixes on summed.fix_number = fixes.fix_number
    inner join customers on summed.customer_number = customers.customer_number

)

select * from final
