-- One row per signal that no row states: what sources' records signal, what the promise engine
-- makes of promises; and interaction.ok for an interaction with none.

{% set signal_models = [
    'int_connect_signals',
    'int_zendesk_signals',
    'int_mail_signals',
    'int_segment_signals',
    'int_shopify_signals',
    'int_queue_tickets_signals',
    'int_appointments_signals',
    'int_care_signals',
] %}

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where signal is null

),

-- Imported thrice: a CTE that is read twice would be copied whole.
steps_of_signals as (

    select * from {{ ref('int_journey_steps') }}

),

issue_steps as (

    select * from {{ ref('int_journey_steps') }}

),

engine_signals as (

    select * from {{ ref('int_engine_promise_signals') }}

),

source_signals as (

    {% for model in signal_models %}
        select
            interaction_id,
            signal_position,
            signal,
            measure
        from {{ ref(model) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

-- A contact about a promise is charged once: as the engine's chase or check-in.
source_signals_charged_once as (

    select source_signals.*

    from source_signals
    left join engine_signals
        on
            source_signals.interaction_id = engine_signals.interaction_id
            and source_signals.signal = 'contact.problem'
            and engine_signals.signal in ('contact.chase', 'contact.problem')
    where engine_signals.interaction_id is null

),

speaking as (

    select interaction_id from source_signals
    union
    select interaction_id from engine_signals

),

-- A delay that a promise covers is charged once, by the promise.
covered as (

    -- A promise covers the delays that end after it was made: a later one changes no past day.
    select
        customer_id,
        issue_id,
        promise_kind || '.latency' as signal,
        min(made_at) as covered_from

    from {{ ref('int_engine_promises') }}
    group by
        customer_id,
        issue_id,
        promise_kind

),

signals_found as (

    select
        steps.customer_id,
        steps.occurred_at,
        steps.record_key,
        steps.source,
        coalesce(charged.signal_position, 0) as signal_position,
        steps.interaction_id,
        steps.event_id,
        steps.journey_id,
        steps.channel,
        steps.touchpoint,
        coalesce(charged.signal, 'interaction.ok') as signal,
        steps.issue_id,
        steps.phase,
        steps.is_moment_of_truth,
        steps.is_context_carried,
        charged.measure,
        steps.location_id,
        steps.employee_id,
        case
            when steps.direction = 'outbound'
                then
                    steps.is_delivered
                    and steps.is_human_contact
                    and not steps.is_marketing
                    and not steps.is_automated
            else steps.direction = 'inbound' and steps.is_human_contact
        end as ends_silence,
        steps.recorded_at

    from steps
    left join source_signals_charged_once as charged
        on steps.interaction_id = charged.interaction_id
    left join speaking on steps.interaction_id = speaking.interaction_id
    where
        charged.interaction_id is not null
        -- Outcomes are what the score is checked against, so they never enter it.
        or (
            speaking.interaction_id is null
            and coalesce(steps.kind, '') not in ('surveyed', 'complained', 'cancelled')
        )

),

issues_with_clocks as (

    select distinct
        customer_id,
        issue_id

    from engine_signals
    where interaction_id is null and issue_id is not null

),

-- What the engine makes is on the journey of its interaction; a clock is on that of its issue.
issues as (

    select
        issue_steps.customer_id,
        issue_steps.issue_id,
        min_by(issue_steps.journey_id, issue_steps.step_number) as journey_id

    from issue_steps
    inner join issues_with_clocks
        on
            issue_steps.customer_id = issues_with_clocks.customer_id
            and issue_steps.issue_id = issues_with_clocks.issue_id
    group by
        issue_steps.customer_id,
        issue_steps.issue_id

),

engine_signals_placed as (

    select
        engine_signals.customer_id,
        engine_signals.occurred_at,
        engine_signals.record_key,
        engine_signals.source,
        engine_signals.signal_position,
        engine_signals.interaction_id,
        engine_signals.event_id,
        coalesce(steps_of_signals.journey_id, issues.journey_id) as journey_id,
        engine_signals.channel,
        engine_signals.touchpoint,
        engine_signals.signal,
        engine_signals.issue_id,
        engine_signals.phase,
        engine_signals.is_moment_of_truth,
        engine_signals.is_context_carried,
        engine_signals.measure,
        engine_signals.promise_id,
        engine_signals.due_at,
        engine_signals.location_id,
        engine_signals.employee_id,
        engine_signals.ends_silence,
        engine_signals.is_credit_only,
        engine_signals.recorded_at

    from engine_signals
    left join steps_of_signals
        on engine_signals.interaction_id = steps_of_signals.interaction_id
    left join issues
        on
            engine_signals.customer_id = issues.customer_id
            and engine_signals.issue_id = issues.issue_id

),

final as (

    select
        signals_found.customer_id,
        signals_found.occurred_at,
        signals_found.record_key,
        signals_found.source,
        signals_found.signal_position,
        signals_found.interaction_id,
        signals_found.event_id,
        signals_found.journey_id,
        signals_found.channel,
        signals_found.touchpoint,
        signals_found.signal,
        signals_found.issue_id,
        signals_found.phase,
        signals_found.is_moment_of_truth,
        signals_found.is_context_carried,
        signals_found.measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,
        signals_found.location_id,
        signals_found.employee_id,
        signals_found.ends_silence,
        covered.signal is not null as is_credit_only,
        signals_found.recorded_at

    from signals_found
    left join covered
        on
            signals_found.customer_id = covered.customer_id
            and signals_found.issue_id = covered.issue_id
            and signals_found.signal = covered.signal
            and signals_found.occurred_at >= covered.covered_from

    union all

    select * from engine_signals_placed

)

select * from final
