-- One row per call of ours that was care: nobody had asked for it. See the table in its description.

with

calls as (

    select * from {{ ref('int_journey_steps') }}
    where
        signal is null
        and kind = 'called'
        and direction = 'outbound'
        and channel = 'phone'
        and is_human_contact
        and is_delivered
        and not is_marketing
        and not is_automated
        and coalesce(outcome, '') not in ('dropped', 'unresolved', 'not_resolved', 'not_reached')

),

contacts as (

    select * from {{ ref('int_journey_steps') }}
    where is_human_contact and direction = 'inbound'

),

milestones as (

    select * from {{ ref('int_milestones') }}
    where subject_type != 'ticket'

),

promises as (

    select * from {{ ref('int_engine_promises') }}

),

stated_promises as (

    select * from {{ ref('int_stated_promises') }}

),

reasons as (

    select * from {{ ref('contact_reasons') }}
    where is_value

),

-- The company has done what it was there for. A call about nothing in particular is about what was
-- handed over before the silence that ends a journey.
after_handover as (

    select
        calls.interaction_id,
        calls.customer_id,
        calls.occurred_at

    from calls
    left join reasons on calls.reason = reasons.reason
    where
        -- A call to sell is no care.
        reasons.reason is null
        and (
            calls.phase = 'after'
            or (calls.phase = 'during' and calls.subject_type != 'ticket')
            or (
                calls.subject_key is null
                and exists (
                    select 1 from milestones
                    where
                        milestones.customer_id = calls.customer_id
                        and milestones.handed_over_at < calls.occurred_at
                        and milestones.handed_over_at
                        >= calls.occurred_at - interval '{{ var("journey_gap_days") }} days'
                )
            )
        )

),

-- A call that keeps a promise, or informs of one, is owed.
clocks as (

    select
        customer_id,
        made_at,
        case
            when state = 'unknown' then due_until
            else coalesce(ended_at, timestamp '9999-01-01 00:00:00')
        end as ended_at

    from promises

    union all

    select
        customer_id,
        made_at,
        coalesce(least(kept_at, updated_at), timestamp '9999-01-01 00:00:00') as ended_at

    from stated_promises

),

owed as (

    select distinct after_handover.interaction_id
    from after_handover
    inner join clocks
        on
            after_handover.customer_id = clocks.customer_id
            and after_handover.occurred_at > clocks.made_at
            and after_handover.occurred_at <= clocks.ended_at

),

-- Whom the customer had turned to in vain a short while before, had to call.
left_unsettled as (

    select
        after_handover.interaction_id,
        max_by(contacts.outcome, struct_pack(
            occurred_at := contacts.occurred_at, interaction_id := contacts.interaction_id
        )) in ('abandoned', 'dropped', 'unresolved', 'not_resolved') as is_unsettled

    from after_handover
    inner join contacts
        on
            after_handover.customer_id = contacts.customer_id
            and after_handover.occurred_at > contacts.occurred_at
            and after_handover.occurred_at
            <= contacts.occurred_at + interval '{{ var("issue_gap_days") }} days'
    group by after_handover.interaction_id

),

final as (

    select
        after_handover.interaction_id,
        8 as signal_position,
        'proactive.helpful_call' as signal,
        cast(null as bigint) as measure

    from after_handover
    left join owed on after_handover.interaction_id = owed.interaction_id
    left join left_unsettled on after_handover.interaction_id = left_unsettled.interaction_id
    where
        owed.interaction_id is null
        and not coalesce(left_unsettled.is_unsettled, false)

)

select * from final
