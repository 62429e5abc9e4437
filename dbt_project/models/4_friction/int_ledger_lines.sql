-- One row per line of the ledger: a scored signal and a cause that is not zero, with its date, source
-- record, rule version and a sentence. All of it but what is still felt of it, which moves on by the day.
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

steps as (

    select * from {{ ref('int_journey_steps') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

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
        scored.half_life

    from scored
    where
        (scored.friction_micro > 0 or scored.credit_micro > 0)
        and scored.has_occurred

),

lines as (

    {%- for part in ledger_parts() %}
    select
        {{ line_number('signal_id', part) }} as line_number,
        signal_id,
        '{{ part }}' as part,
        {{ part }}_micro as points_micro

    from counted
    where {{ part }}_micro > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

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
        lines.line_number,
        lines.part,
        lines.points_micro,
        judged.severity_micro,
        judged.expectation_256,
        judged.repeat_number,
        judged.half_life,
        rule.rule_version,
        rule.repeat_window_seconds,
        catalogue.kind,
        catalogue.unit,
        catalogue.phrase

    from signals
    inner join lines on signals.signal_id = lines.signal_id
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
        line_number,

        -- the line
        occurred_at,
        signal,
        part,
        points_micro,
        {{ as_points('points_micro') }} as points,
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
