-- One row per line of the ledger that is still felt as of the run: how much of it, in units of a
-- ten-thousandth of a point. What is older than the epoch before the present one is no longer felt.
-- noqa: disable=LT02

with

scored as (

    select * from {{ ref('int_scored_signals') }}
    where {{ is_external('customer_id') }}

),

firsts as (

    select
        customer_number,
        customer_id

    from {{ ref('int_scored_signals') }}
    where signal_number = 1

),

scores as (

    select * from {{ ref('int_customer_scores') }}

),

clock as (

    select * from {{ ref('int_decay_clock') }}

),

headlines as (

    select
        firsts.customer_number,
        scores.signal_count,
        cast(floor(scores.friction * 10000 + 0.5) as bigint) as friction_units,
        cast(floor(scores.credit_balance * 10000 + 0.5) as bigint) as credit_units

    from firsts
    inner join scores on firsts.customer_id = scores.customer_id

),

counted as (

    select
        scored.signal_id,
        scored.customer_number,
        scored.base_micro,
        scored.repeat_micro,
        scored.switch_micro,
        scored.phase_micro,
        scored.credit_micro,
        scored.friction_micro,
        scored.decay_weight,
        {{ wide('clock.weight') }} * 100 as weight_of_unit,
        -- In epochs.
        case when scored.decay_epoch = clock.epoch then 0 else clock.epoch_half_lives end as halvings

    from scored
    inner join clock on scored.half_life = clock.half_life
    where
        (scored.friction_micro > 0 or scored.credit_micro > 0)
        and scored.has_occurred
        and scored.decay_epoch >= clock.epoch - 1

),

with_many_lines as (

    select customer_number from headlines
    where signal_count > 100

),

-- A remainder below a thousandth comes away with nothing where four hundred of them, the lines of a
-- hundred signals, do not make half a unit: no more is left over than there are larger ones.
felt_at_all as (

    select * from counted
    where
        {{ halved(wide('greatest(friction_micro, credit_micro)') ~ ' * decay_weight', 'halvings') }} * 1000
        >= weight_of_unit
        or customer_number in (select with_many_lines.customer_number from with_many_lines)

),

lines as (

    {%- for part in ledger_parts() %}
    select
        {{ line_number('signal_id', part) }} as line_number,
        customer_number,
        {{ part == 'credit' }} as is_credit,
        weight_of_unit,
        {{ halved(wide(part ~ '_micro') ~ ' * decay_weight', 'halvings') }} as felt_weighed

    from felt_at_all
    where {{ part }}_micro > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

nearly_divided as (

    select
        *,
        {{ near_quotient('felt_weighed', 'weight_of_unit') }} as near_units

    from lines

),

with_rest as (

    select
        *,
        felt_weighed - {{ wide('near_units') }} * weight_of_unit as near_rest

    from nearly_divided

),

rounded_down as (

    select
        line_number,
        customer_number,
        is_credit,
        near_units + {{ quotient_off('near_rest', 'weight_of_unit') }} as whole_units,
        {{ quotient(
            'near_rest - ' ~ quotient_off('near_rest', 'weight_of_unit') ~ ' * weight_of_unit',
            'weight_of_unit'
        ) }} as remainder

    from with_rest

),

-- Published at 4 decimals by largest remainder: a customer's lines add up to the headline.
claimed as (

    select
        line_number,
        customer_number,
        is_credit,
        whole_units,
        row_number() over (
            partition by customer_number, is_credit
            order by remainder desc, line_number asc
        ) as claim,
        sum(whole_units) over (
            partition by customer_number, is_credit
            order by remainder desc, line_number asc
            rows between unbounded preceding and unbounded following
        ) as given_out

    from rounded_down

),

shared_out as (

    select
        claimed.line_number,
        claimed.whole_units
        + case
            when
                claimed.claim
                <= case when claimed.is_credit then headlines.credit_units else headlines.friction_units end
                - claimed.given_out
                then 1
            else 0
        end as units

    from claimed
    inner join headlines on claimed.customer_number = headlines.customer_number

),

final as (

    select
        line_number,
        units

    from shared_out
    where units > 0

)

select * from final
