-- One row per scored signal and cause that is not zero: the ledger. Every point has a date, a cause,
-- a source record and a rule version.
-- noqa: disable=LT02

with

scored as (

    select * from {{ ref('int_scored_signals') }}
    where {{ is_external('customer_id') }}

),

-- Imported thrice, each with what is needed there: a CTE that is read twice would be copied whole.
signals as (

    select * from {{ ref('int_ordered_signals') }}

),

places as (

    select
        signal_id,
        customer_number,
        issue_id,
        interaction_id,
        event_id,
        touchpoint

    from {{ ref('int_ordered_signals') }}

),

firsts as (

    select
        customer_number,
        customer_id

    from {{ ref('int_ordered_signals') }}
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
        case
            when scored.decay_epoch = clock.epoch then 1
            when scored.decay_epoch = clock.epoch - 1 then clock.epoch_factor
        end as fading

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
        severity_micro,
        expectation_256,
        repeat_number,
        half_life,
        weight_of_unit,
        {{ div(wide(part ~ '_micro') ~ ' * decay_weight', 'fading') }} as felt_weighed

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

-- Published at 4 decimals by largest remainder: a customer's lines add up to the headline. What lies
-- two epochs back is no longer felt: it has no remainder, and no claim.
rounded_down as (

    select
        *,
        cast({{ div('felt_weighed', 'weight_of_unit') }} as bigint) as whole_units,
        row_number() over (
            partition by customer_number, is_credit
            order by
                {{ quotient('felt_weighed % weight_of_unit', 'weight_of_unit') }} desc,
                signal_id asc,
                part_number asc
        ) as claim,
        sum(cast({{ div('felt_weighed', 'weight_of_unit') }} as bigint)) over (
            partition by customer_number, is_credit
        ) as given_out

    from lines
    where felt_weighed is not null

),

shared_out as (

    select
        rounded_down.signal_id,
        rounded_down.part,
        rounded_down.points_micro,
        rounded_down.severity_micro,
        rounded_down.expectation_256,
        rounded_down.repeat_number,
        rounded_down.half_life,
        rounded_down.whole_units
        + case
            when
                rounded_down.is_credit
                and rounded_down.claim <= headlines.credit_units - rounded_down.given_out
                then 1
            when
                not rounded_down.is_credit
                and rounded_down.claim <= headlines.friction_units - rounded_down.given_out
                then 1
            else 0
        end as units

    from rounded_down
    inner join headlines on rounded_down.customer_number = headlines.customer_number

    union all

    select
        signal_id,
        part,
        points_micro,
        severity_micro,
        expectation_256,
        repeat_number,
        half_life,
        0 as units

    from lines
    where felt_weighed is null

),

met as (

    select
        places.signal_id,
        places.customer_number,
        places.issue_id,
        places.interaction_id,
        places.event_id,
        places.touchpoint,
        counted.friction_micro

    from places
    inner join counted on places.signal_id = counted.signal_id

),

-- What started it: where the first friction of the issue was met.
roots as (

    select
        customer_number,
        issue_id,
        min_by(touchpoint, signal_id) as root_touchpoint

    from met
    where friction_micro > 0 and issue_id is not null
    group by
        customer_number,
        issue_id

),

-- Joined late, the wide rows of the ledger would be copied for want of two columns.
traced {{ stored() }} (

    select
        met.signal_id,
        coalesce(met.event_id, steps.event_id) as event_id,
        coalesce(roots.root_touchpoint, met.touchpoint) as root_touchpoint

    from met
    left join steps on met.interaction_id = steps.interaction_id
    left join roots
        on
            met.customer_number = roots.customer_number
            and met.issue_id = roots.issue_id

),

told as (

    select
        signals.*,
        traced.event_id as traced_event_id,
        traced.root_touchpoint,
        shared_out.part,
        shared_out.points_micro,
        shared_out.severity_micro,
        shared_out.expectation_256,
        shared_out.repeat_number,
        shared_out.half_life,
        shared_out.units,
        rule.rule_version,
        rule.repeat_window_seconds,
        catalogue.kind,
        catalogue.unit,
        catalogue.phrase

    from signals
    inner join shared_out on signals.signal_id = shared_out.signal_id
    inner join traced on signals.signal_id = traced.signal_id
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
            cast({{ div('points_micro + 5000', '1000000') }} as varchar), '.',
            lpad(
                cast(
                    {{ div('(points_micro + 5000) % 1000000', '10000') }} as varchar
                ), 2, '0'
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
