-- One row per thing that happened on a Zendesk ticket, in the canonical shape.

with

steps as (

    select * from {{ ref('stg_zendesk__steps') }}

),

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}

),

delivery_events as (

    select * from {{ ref('stg_sendgrid__events') }}

),

-- The mail that carried a comment is sent at once; where it names its ticket, its bounce is known.
bounced as (

    select distinct steps.interaction_id
    from steps
    inner join delivery_events
        on
            steps.ticket_id = delivery_events.ticket_key
            and steps.occurred_at <= delivery_events.occurred_at
            and steps.occurred_at >= delivery_events.occurred_at - interval '15 minutes'
    where delivery_events.is_failure and steps.direction = 'outbound'

),

final as (

    select
        -- keys
        steps.interaction_id,
        steps.event_id,
        steps.source,
        steps.record_type,
        steps.record_key,
        steps.position,
        steps.occurred_at,
        steps.recorded_at,

        -- what happened
        steps.channel,
        coalesce(steps.channel, 'email') || case
            when steps.channel = 'phone' then '.service'
            else '.support'
        end as touchpoint,
        steps.kind,
        steps.direction,
        'zendesk/' || steps.ticket_id as conversation_key,
        coalesce(tickets.subject_type, 'ticket') as subject_type,
        coalesce(tickets.subject_key, steps.ticket_id) as subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        steps.is_context_carried,

        -- whom it reached
        coalesce(steps.is_automated, false) as is_automated,
        false as is_marketing,
        steps.direction != 'internal' and bounced.interaction_id is null as is_delivered,
        steps.kind in ('contacted', 'replied')
        and not coalesce(steps.is_automated, false) as is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        cast(null as varchar) as location_id,
        case when steps.direction != 'inbound' and steps.author_id != '-1' then steps.author_id end
            as employee_id,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as hold_seconds,
        steps.talk_seconds,
        steps.outcome,
        case when steps.kind = 'contacted' then tickets.reason end as reason

    from steps
    left join tickets on steps.ticket_id = tickets.ticket_id
    left join bounced on steps.interaction_id = bounced.interaction_id
    where not coalesce(tickets.is_deleted, false)

)

select * from final
