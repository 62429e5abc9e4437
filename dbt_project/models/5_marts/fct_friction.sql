-- One row per scored signal and cause that is not zero: the ledger. Every point has a date, a cause,
-- a source record and a rule version.
-- noqa: disable=LT02

with

scored as (

    select * from {{ ref('int_scored_signals') }}
    where {{ is_external('customer_id') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
signals as (

    select * from {{ ref('int_ordered_signals') }}

),

places as (

    select
        signal_id,
        touchpoint,
        interaction_id

    from {{ ref('int_ordered_signals') }}

),

firsts as (

    select
        customer_number,
        customer_id

    from {{ ref('int_scored_signals') }}
    where signal_number = 1

),

steps as (

    select * from {{ ref('int_journey_steps') }}

),

scores as (

    select * from {{ ref('int_customer_scores') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

clock as (

    select * from {{ ref('int_decay_clock') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

counted as (

    select
        scored.signal_id,
        scored.customer_number,
        scored.issue_number,
        scored.severity_micro,
        scored.expectation_256,
        scored.repeat_number,
        scored.base_micro,
        scored.repeat_micro,
        scored.switch_micro,
        scored.phase_micro,
        scored.credit_micro,
        scored.friction_micro,
        scored.half_life,
        scored.decay_weight,
        {{ wide('clock.weight') }} * 100 as weight_of_unit,
        -- In epochs: null for what lies two epochs back, which is no longer felt.
        case
            when scored.decay_epoch = clock.epoch then 0
            when scored.decay_epoch = clock.epoch - 1 then clock.epoch_half_lives
        end as halvings

    from scored
    inner join clock on scored.half_life = clock.half_life
    where
        (scored.friction_micro > 0 or scored.credit_micro > 0)
        and scored.has_occurred

),

lines as (

    {%- for part in ['base', 'repeat', 'switch', 'phase', 'credit'] %}
    select
        signal_id,
        customer_number,
        '{{ part }}' as part,
        {{ loop.index }} as part_number,
        '{{ part }}' = 'credit' as is_credit,
        {{ part }}_micro as points_micro,
        weight_of_unit,
        {{ halved(wide(part ~ '_micro') ~ ' * decay_weight', 'halvings') }} as felt_weighed

    from counted
    where {{ part }}_micro > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

headlines as (

    select
        firsts.customer_number,
        cast(floor(scores.friction * 10000 + 0.5) as bigint) as friction_units,
        cast(floor(scores.credit_balance * 10000 + 0.5) as bigint) as credit_units

    from firsts
    inner join scores on firsts.customer_id = scores.customer_id

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

-- Published at 4 decimals by largest remainder: a customer's lines add up to the headline. What lies
-- two epochs back is no longer felt: it has no remainder, and no claim.
rounded_down as (

    select
        signal_id,
        customer_number,
        part,
        part_number,
        is_credit,
        points_micro,
        near_units + {{ quotient_off('near_rest', 'weight_of_unit') }} as whole_units,
        {{ quotient(
            'near_rest - ' ~ quotient_off('near_rest', 'weight_of_unit') ~ ' * weight_of_unit',
            'weight_of_unit'
        ) }} as remainder

    from with_rest
    where felt_weighed is not null

),

given_out as (

    select
        customer_number,
        is_credit,
        cast(sum(whole_units) as bigint) as units

    from rounded_down
    group by
        customer_number,
        is_credit

),

claimed as (

    select
        signal_id,
        customer_number,
        part,
        is_credit,
        points_micro,
        whole_units,
        row_number() over (
            partition by customer_number, is_credit
            order by remainder desc, signal_id asc, part_number asc
        ) as claim

    from rounded_down

),

shared_out as (

    select
        claimed.signal_id,
        claimed.part,
        claimed.points_micro,
        claimed.whole_units
        + case
            when claimed.claim
            <= case when claimed.is_credit then headlines.credit_units else headlines.friction_units end
            - given_out.units
                then 1
            else 0
        end as units

    from claimed
    inner join headlines on claimed.customer_number = headlines.customer_number
    inner join given_out
        on
            claimed.customer_number = given_out.customer_number
            and claimed.is_credit = given_out.is_credit

    union all

    select
        signal_id,
        part,
        points_micro,
        0 as units

    from lines
    where felt_weighed is null

),

-- What started it: where the first friction of the issue was met.
first_on_issue as (

    select
        issue_number,
        min(signal_id) as signal_id

    from counted
    where friction_micro > 0 and issue_number is not null
    group by issue_number

),

roots as (

    select
        first_on_issue.issue_number,
        places.touchpoint

    from first_on_issue
    inner join places on first_on_issue.signal_id = places.signal_id

),

judged as (

    select
        counted.signal_id,
        counted.severity_micro,
        counted.expectation_256,
        counted.repeat_number,
        counted.half_life,
        roots.touchpoint as root_touchpoint

    from counted
    left join roots on counted.issue_number = roots.issue_number

),

told as (

    select
        signals.*,
        coalesce(signals.event_id, steps.event_id) as traced_event_id,
        coalesce(judged.root_touchpoint, signals.touchpoint) as root_touchpoint,
        shared_out.part,
        shared_out.points_micro,
        judged.severity_micro,
        judged.expectation_256,
        judged.repeat_number,
        judged.half_life,
        shared_out.units,
        rule.rule_version,
        rule.repeat_window_seconds,
        catalogue.kind,
        catalogue.unit,
        catalogue.phrase

    from signals
    inner join shared_out on signals.signal_id = shared_out.signal_id
    inner join judged on signals.signal_id = judged.signal_id
    left join steps on signals.interaction_id = steps.interaction_id
    cross join rule
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version

),

final as (

    select
        -- keys
        {{ surrogate_key([
            'customer_id', 'source', 'record_key', 'signal_position',
            'signal', 'interaction_id', 'part'
        ]) }} as friction_id,
        customer_id,
        journey_id,
        case when not is_derived then interaction_id end as interaction_id,
        traced_event_id as event_id,
        source,
        record_key as source_key,
        signal_position,

        -- the line
        occurred_at,
        signal,
        part,
        points_micro,
        cast(
            cast(points_micro as decimal(18, 0)) * cast(0.000001 as decimal(7, 6))
            as decimal(18, 6)
        ) as points,
        cast(
            cast(units as decimal(18, 0)) * cast(0.0001 as decimal(5, 4))
            as decimal(18, 4)
        ) as points_now,
        half_life,
        severity_micro,
        expectation_256,

        -- where
        channel,
        touchpoint,
        root_touchpoint,
        issue_id,
        phase,
        promise_id,
        location_id,
        employee_id,

        -- why
        rule_version,
        concat(
            'The customer ', phrase, ' (', touchpoint, ')',
            case
                when part = 'base' and kind = 'excess' then concat(
                    ' for longer than the ',
                    {{ in_words('expectation_256', 'unit') }},
                    ' to be expected: '
                )
                when part = 'repeat' then concat(
                    ', time ', cast(repeat_number as varchar),
                    case when repeat_number = 4 then ' or later' else '' end,
                    ' of its kind on this issue in ',
                    cast({{ div('repeat_window_seconds', '86400') }} as varchar), ' days: '
                )
                when part = 'switch'
                    then ' and had to change the channel for the same issue: '
                when part = 'phase' then concat(
                    case
                        when is_moment_of_truth then ' at a moment of truth'
                        else concat(' in the phase ', phase)
                    end, ': '
                )
                when kind = 'excess' then concat(
                    ' for less than the ',
                    {{ in_words('expectation_256', 'unit') }},
                    ' to be expected: '
                )
                else ': '
            end,
            cast(
                cast(
                    cast({{ div('points_micro + 5000', '10000') }} as decimal(18, 0))
                    * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
                ) as varchar
            ),
            case
                when part = 'base' then ' points'
                when part = 'credit' then ' points of credit'
                else ' points more'
            end
        ) as explanation

    from told

)

select * from final
