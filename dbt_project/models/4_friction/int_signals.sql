-- One row per signal: the input of scoring. What sources' records signal, what mapped rows state,
-- what the promise engine makes of promises; and interaction.ok for an interaction with none.

{% set signal_models = [
    'int_connect_signals',
    'int_zendesk_signals',
    'int_mail_signals',
    'int_segment_signals',
    'int_shopify_signals',
    'int_queue_tickets_signals',
    'int_appointments_signals',
] %}

with

steps as (

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

-- Outcomes are what the score is checked against, so they never enter it.
contexts as (

    select steps.interaction_id

    from steps
    left join source_signals on steps.interaction_id = source_signals.interaction_id
    left join engine_signals on steps.interaction_id = engine_signals.interaction_id
    where
        steps.signal is null
        and source_signals.interaction_id is null
        and engine_signals.interaction_id is null
        and coalesce(steps.kind, '') not in ('surveyed', 'complained', 'cancelled')

),

interaction_signals as (

    select
        interaction_id,
        signal_position,
        signal,
        measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,
        false as is_stated

    from source_signals_charged_once

    union all

    select
        interaction_id,
        position as signal_position,
        signal,
        measure,
        promise_id,
        due_at,
        true as is_stated

    from steps
    where signal is not null

    union all

    select
        interaction_id,
        0 as signal_position,
        'interaction.ok' as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,
        false as is_stated

    from contexts

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

final as (

    select
        steps.customer_id,
        steps.occurred_at,
        steps.record_key,
        steps.source,
        interaction_signals.signal_position,
        steps.interaction_id,
        steps.event_id,
        steps.channel,
        steps.touchpoint,
        interaction_signals.signal,
        steps.issue_id,
        steps.phase,
        steps.is_moment_of_truth,
        steps.is_context_carried,
        interaction_signals.measure,
        interaction_signals.promise_id,
        interaction_signals.due_at,
        steps.location_id,
        steps.employee_id,
        case
            when interaction_signals.is_stated
                then steps.channel is not null and interaction_signals.signal != 'promise.made'
            when steps.direction = 'outbound'
                then
                    steps.is_delivered
                    and steps.is_human_contact
                    and not steps.is_marketing
                    and not steps.is_automated
            else steps.direction = 'inbound' and steps.is_human_contact
        end as ends_silence,
        covered.signal is not null and not interaction_signals.is_stated as is_credit_only,
        steps.recorded_at

    from interaction_signals
    inner join steps on interaction_signals.interaction_id = steps.interaction_id
    left join covered
        on
            steps.customer_id = covered.customer_id
            and steps.issue_id = covered.issue_id
            and interaction_signals.signal = covered.signal
            and steps.occurred_at >= covered.covered_from

    union all

    select * from engine_signals

)

select * from final
