-- One row per scored signal and cause that is not zero: the ledger. Every point has a date, a cause,
-- a source record and a rule version.
-- noqa: disable=LT02

with

scored as (

    select * from {{ ref('int_scored_signals') }}

),

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

steps as (

    select * from {{ ref('int_journey_steps') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
issue_steps as (

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
        scored.*,
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
        customer_id,
        '{{ part }}' as part,
        {{ loop.index }} as part_number,
        '{{ part }}' = 'credit' as is_credit,
        {{ part }}_micro as points_micro,
        weight_of_unit,
        case
            when fading is null then 0
            else {{ div(wide(part ~ '_micro') ~ ' * decay_weight', 'fading') }}
        end as felt_weighed

    from counted
    where {{ part }}_micro > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- Published at 4 decimals by largest remainder: a customer's lines add up to the headline.
rounded_down as (

    select
        *,
        cast({{ div('felt_weighed', 'weight_of_unit') }} as bigint) as units,
        row_number() over (
            partition by customer_id, is_credit
            order by
                {{ quotient('felt_weighed % weight_of_unit', 'weight_of_unit') }} desc,
                signal_id,
                part_number
        ) as claim,
        sum({{ div('felt_weighed', 'weight_of_unit') }}) over (
            partition by customer_id, is_credit
        ) as given_out

    from lines

),

shared_out as (

    select
        rounded_down.signal_id,
        rounded_down.part,
        rounded_down.points_micro,
        rounded_down.units
        + case
            when rounded_down.claim <= floor(
                case when rounded_down.is_credit then scores.credit_balance else scores.friction end
                * 10000 + 0.5
            ) - rounded_down.given_out then 1
            else 0
        end as units

    from rounded_down
    inner join scores on rounded_down.customer_id = scores.customer_id

),

located as (

    select
        counted.severity_micro,
        counted.expectation_256,
        counted.repeat_number,
        counted.half_life,
        counted.friction_micro,
        signals.*

    from signals
    inner join counted on signals.signal_id = counted.signal_id

),

-- What started it: where the first friction of the issue was met.
roots as (

    select
        customer_number,
        issue_id,
        min_by(touchpoint, signal_id) as root_touchpoint

    from located
    where friction_micro > 0 and issue_id is not null
    group by
        customer_number,
        issue_id

),

-- What the promise engine makes has no interaction: it is on the journey of its issue.
issues_without_interaction as (

    select distinct
        customer_id,
        issue_id

    from located
    where interaction_id is null and issue_id is not null

),

issues as (

    select
        issue_steps.customer_id,
        issue_steps.issue_id,
        min_by(issue_steps.journey_id, issue_steps.step_number) as journey_id

    from issue_steps
    inner join issues_without_interaction
        on
            issue_steps.customer_id = issues_without_interaction.customer_id
            and issue_steps.issue_id = issues_without_interaction.issue_id
    group by
        issue_steps.customer_id,
        issue_steps.issue_id

),

placed as (

    select
        located.signal_id,
        located.severity_micro,
        located.expectation_256,
        located.repeat_number,
        located.half_life,
        located.customer_id,
        located.occurred_at,
        located.source,
        located.record_key,
        located.signal_position,
        located.signal,
        located.channel,
        located.touchpoint,
        located.issue_id,
        located.phase,
        located.is_moment_of_truth,
        located.is_derived,
        located.location_id,
        located.employee_id,
        located.promise_id,
        coalesce(located.event_id, steps.event_id) as event_id,
        located.interaction_id,
        coalesce(steps.journey_id, issues.journey_id) as journey_id,
        coalesce(roots.root_touchpoint, located.touchpoint) as root_touchpoint,
        catalogue.kind,
        catalogue.unit,
        concat('The customer ', catalogue.phrase, ' (', located.touchpoint, ')') as what_happened

    from located
    cross join rule
    inner join catalogue
        on
            located.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    left join steps on located.interaction_id = steps.interaction_id
    left join issues
        on
            located.customer_id = issues.customer_id
            and located.issue_id = issues.issue_id
    left join roots
        on
            located.customer_number = roots.customer_number
            and located.issue_id = roots.issue_id

),

final as (

    select
        -- keys
        {{ surrogate_key([
            'placed.customer_id', 'placed.source', 'placed.record_key', 'placed.signal_position',
            'placed.signal', 'placed.interaction_id', 'shared_out.part'
        ]) }} as friction_id,
        placed.customer_id,
        placed.journey_id,
        case when not placed.is_derived then placed.interaction_id end as interaction_id,
        placed.event_id,
        placed.source,
        placed.record_key as source_key,
        placed.signal_position,

        -- the line
        placed.occurred_at,
        placed.signal,
        shared_out.part,
        shared_out.points_micro,
        cast(
            cast(shared_out.points_micro as decimal(18, 0)) * cast(0.000001 as decimal(7, 6))
            as decimal(18, 6)
        ) as points,
        cast(
            cast(shared_out.units as decimal(18, 0)) * cast(0.0001 as decimal(5, 4))
            as decimal(18, 4)
        ) as points_now,
        placed.half_life,
        placed.severity_micro,
        placed.expectation_256,

        -- where
        placed.channel,
        placed.touchpoint,
        placed.root_touchpoint,
        placed.issue_id,
        placed.phase,
        placed.promise_id,
        placed.location_id,
        placed.employee_id,

        -- why
        rule.rule_version,
        concat(
            placed.what_happened,
            case
                when shared_out.part = 'base' and placed.kind = 'excess' then concat(
                    ' for longer than the ',
                    cast({{ div('placed.expectation_256', '256') }} as varchar), ' ', placed.unit,
                    ' to be expected: '
                )
                when shared_out.part = 'repeat' then concat(
                    ', time ', cast(placed.repeat_number as varchar),
                    case when placed.repeat_number = 4 then ' or later' else '' end,
                    ' of its kind on this issue in ',
                    cast({{ div('rule.repeat_window_seconds', '86400') }} as varchar), ' days: '
                )
                when shared_out.part = 'switch'
                    then ' and had to change the channel for the same issue: '
                when shared_out.part = 'phase' then concat(
                    case
                        when placed.is_moment_of_truth then ' at a moment of truth'
                        else concat(' in the phase ', placed.phase)
                    end, ': '
                )
                when placed.kind = 'excess' then concat(
                    ' for less than the ',
                    cast({{ div('placed.expectation_256', '256') }} as varchar), ' ', placed.unit,
                    ' to be expected: '
                )
                else ': '
            end,
            cast({{ div('shared_out.points_micro + 5000', '1000000') }} as varchar), '.',
            lpad(
                cast(
                    {{ div('(shared_out.points_micro + 5000) % 1000000', '10000') }} as varchar
                ), 2, '0'
            ),
            case
                when shared_out.part = 'base' then ' points'
                when shared_out.part = 'credit' then ' points of credit'
                else ' points more'
            end
        ) as explanation

    from shared_out
    inner join placed on shared_out.signal_id = placed.signal_id
    cross join rule

)

select * from final
