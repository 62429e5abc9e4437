-- One row per interaction, in order, placed in its customer's journey, issue and phase. A journey
-- is keyed by what opened it: its subject, or the first recorded step before a silence.

with

interactions as (

    select * from {{ ref('int_customer_interactions') }}
    where has_occurred

),

openings as (

    select * from {{ ref('int_openings') }}

),

milestones as (

    select * from {{ ref('int_milestones') }}

),

-- What tells a step's place. Sorted alone, and joined again: to sort the whole rows takes five times as long.
members as (

    select
        members.interaction_id,
        case
            when members.subject_key is not null
                then {{ surrogate_key([
                    'members.customer_id', 'members.subject_type', 'members.subject_key'
                ]) }}
            else {{ surrogate_key(['members.customer_id', 'openings.journey_opening_id']) }}
        end as journey_id,
        openings.issue_opening_id,
        members.occurred_at,
        members.record_key,
        members.source,
        members.position,
        members.touchpoint,
        members.channel

    from {{ ref('int_customer_interactions') }} as members
    left join openings on members.interaction_id = openings.interaction_id
    where members.has_occurred

),

places as (

    select
        interaction_id,
        journey_id,
        issue_opening_id,
        row_number() over journey as step_number,

        -- its neighbours, found in the one pass that numbers the steps
        lag(touchpoint) over journey as previous_touchpoint,
        lead(touchpoint) over journey as next_touchpoint,
        lag(channel) over journey as previous_channel,
        lag(occurred_at) over journey as previous_at,
        lead(occurred_at) over journey as next_at

    from members

    window journey as (
        partition by journey_id
        order by occurred_at, record_key, source, position, interaction_id
    )

),

placed as (

    select
        interactions.*,
        places.journey_id,
        places.step_number,
        places.previous_touchpoint,
        places.next_touchpoint,
        places.previous_channel,
        places.previous_at,
        places.next_at,
        case
            when interactions.subject_key is not null
                then interactions.subject_type || ':' || interactions.subject_key
            else 'contact:' || places.issue_opening_id
        end as issue_id,
        -- The step that reaches a milestone still belongs to the phase that it ends, but for the
        -- commitment, which begins.
        case
            when interactions.signal is not null or interactions.phase is not null
                then interactions.phase
            when interactions.occurred_at > milestones.ended_at then 'after'
            when interactions.occurred_at > milestones.handed_over_at then 'during'
            when interactions.occurred_at >= milestones.committed_at then 'beginning'
            else 'before'
        end as found_phase

    from interactions
    inner join places on interactions.interaction_id = places.interaction_id
    left join milestones
        on
            interactions.customer_id = milestones.customer_id
            and interactions.subject_type = milestones.subject_type
            and interactions.subject_key = milestones.subject_key

),

final as (

    select
        -- keys
        interaction_id,
        event_id,
        source,
        record_type,
        record_key,
        position,
        customer_id,
        is_anonymous,
        journey_id,
        issue_id,

        -- the step
        step_number,
        occurred_at,
        recorded_at,
        channel,
        touchpoint,
        kind,
        direction,
        conversation_key,
        subject_type,
        subject_key,
        found_phase as phase,
        is_moment_of_truth,
        is_context_carried,
        is_automated,
        is_marketing,
        is_delivered,
        is_human_contact,
        signal,
        measure,
        promise_id,
        due_at,
        location_id,
        employee_id,
        wait_seconds,
        hold_seconds,
        talk_seconds,
        outcome,
        reason,

        -- its neighbours
        previous_touchpoint,
        next_touchpoint,
        previous_channel,
        previous_at,
        next_at

    from placed

)

select * from final
