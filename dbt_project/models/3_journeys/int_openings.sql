-- One row per interaction without a subject: the interaction that names its journey, and the one
-- that names its issue, if it is on one. Both end by silence: a journey after `journey_gap_days`,
-- an issue, which is a matter of contacts only, after `issue_gap_days`. The name is that of the
-- member recorded first, so an interaction that arrives late renames nothing.

with

interactions as (

    select * from {{ ref('int_customer_interactions') }}
    where subject_key is null and has_occurred

),

changed_records as (

    select * from {{ ref('stg_changed_records') }}

),

first_recorded as (

    select
        interactions.interaction_id,
        interactions.customer_id,
        interactions.conversation_key,
        interactions.occurred_at,
        coalesce(changed_records.first_recorded_at, interactions.recorded_at) as first_recorded_at,
        coalesce(interactions.is_marketing, false) as is_marketing,
        interactions.is_human_contact
        and not interactions.is_automated
        and not interactions.is_marketing
        and interactions.signal is null as is_on_issue,
        interactions.signal is null as may_join_issue

    from interactions
    left join changed_records
        on
            interactions.source = changed_records.source
            and interactions.record_type = changed_records.record_type
            and interactions.record_key = changed_records.record_key

),

silences_marked as (

    select
        *,
        -- A campaign is silence: it joins the journey that it falls in, and opens none.
        not is_marketing and coalesce(
            occurred_at - lag(occurred_at) over history
            > interval '{{ var("journey_gap_days") }} days',
            true
        ) as opens_journey,
        is_on_issue and coalesce(
            occurred_at - lag(occurred_at) over contacts
            > interval '{{ var("issue_gap_days") }} days',
            true
        ) as opens_issue

    from first_recorded

    window
        history as (partition by customer_id, is_marketing order by occurred_at, interaction_id),
        contacts as (partition by customer_id, is_on_issue order by occurred_at, interaction_id)

),

numbered as (

    select
        *,
        count_if(opens_journey) over history as journey_number,
        count_if(opens_issue) over history as issue_number

    from silences_marked

    window history as (
        partition by customer_id
        order by occurred_at, interaction_id
        rows between unbounded preceding and current row
    )

),

named as (

    select
        *,
        first_value(interaction_id) over journey as journey_opening_id,
        case when is_on_issue then first_value(interaction_id) over issue end as issue_opening_id

    from numbered

    window
        journey as (
            partition by customer_id, journey_number
            order by first_recorded_at, occurred_at, interaction_id
        ),
        issue as (
            partition by customer_id, is_on_issue, issue_number
            order by first_recorded_at, occurred_at, interaction_id
        )

),

-- The queue, the transfer and the note of a call are on the issue of the call.
conversations as (

    select
        customer_id,
        conversation_key,
        issue_opening_id

    from named
    where conversation_key is not null and issue_opening_id is not null
    -- The first contact's: a later one changes nothing that is past.
    qualify row_number() over (
        partition by customer_id, conversation_key
        order by occurred_at, interaction_id
    ) = 1

),

final as (

    select
        named.interaction_id,
        named.journey_opening_id,
        case
            when named.may_join_issue
                then coalesce(named.issue_opening_id, conversations.issue_opening_id)
        end as issue_opening_id

    from named
    left join conversations
        on
            named.customer_id = conversations.customer_id
            and named.conversation_key = conversations.conversation_key

)

select * from final
