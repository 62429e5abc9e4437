-- One row per promise and contact of the customer while it was open: a chase after the due, a
-- check-in before it; and how a chase was answered.

with

promises as (

    select * from {{ ref('int_promise_states') }}
    where due_until >= made_at

),

contacts as (

    select * from {{ ref('int_subject_contacts') }}

),

outcomes as (

    select * from {{ ref('contact_outcomes') }}

),

-- Contacts of value, such as advice before buying: they ask after no promise.
value_reasons as (

    select reason
    from {{ ref('contact_reasons') }}
    where is_value

),

asked as (

    select
        promises.promise_id,
        promises.topic,
        promises.closed_at,
        contacts.interaction_id,
        contacts.contact_id,
        contacts.occurred_at,
        contacts.is_first_leg,
        contacts.occurred_at > promises.due_until as is_chase,
        coalesce(outcomes.is_excuse, false) as is_answered_by_excuse,
        coalesce(contacts.channel in ('phone', 'store'), false)
        or coalesce(contacts.talk_seconds, 0) > 0 as is_live

    from promises
    inner join contacts on promises.topic = contacts.topic
    left join outcomes on contacts.outcome = outcomes.outcome
    left join value_reasons on contacts.reason = value_reasons.reason
    where
        contacts.is_customer_contact
        and contacts.occurred_at > promises.made_at
        and contacts.occurred_at < coalesce(promises.ended_at, timestamp '9999-01-01 00:00:00')
        and (
            -- What became of an unknown promise nobody knows, but until its due it was open.
            (contacts.occurred_at > promises.due_until and promises.state != 'unknown')
            or (
                contacts.occurred_at <= promises.due_until
                and not contacts.is_prompted
                and value_reasons.reason is null
            )
        )

),

-- In a call the answer is part of the contact, and its stated outcome tells; one leg is enough.
answered_live as (

    select
        promise_id,
        contact_id,
        interaction_id as excuse_interaction_id

    from asked
    where is_chase and is_answered_by_excuse
    qualify row_number() over (
        partition by promise_id, contact_id
        order by occurred_at, interaction_id
    ) = 1

),

-- A written chase is answered by the company's next human message on the issue.
written_replies as (

    select
        asked.promise_id,
        asked.contact_id,
        asked.interaction_id,
        asked.topic,
        asked.occurred_at,
        asked.closed_at,
        contacts.interaction_id as reply_interaction_id,
        contacts.occurred_at as replied_at,
        coalesce(outcomes.carries_fix or outcomes.carries_date, false) as is_answer

    from asked
    inner join contacts on asked.topic = contacts.topic
    left join outcomes on contacts.outcome = outcomes.outcome
    where
        asked.is_chase
        and asked.is_first_leg
        and not asked.is_live
        and contacts.is_company_contact
        and contacts.is_human_contact
        and contacts.occurred_at > asked.occurred_at
    qualify row_number() over (
        partition by asked.promise_id, asked.interaction_id
        order by contacts.occurred_at, contacts.interaction_id
    ) = 1

),

dates_given as (

    select
        topic,
        made_at

    from promises
    where origin = 'source' and promise_kind != 'callback'

),

written_replies_with_date as (

    select distinct
        written_replies.promise_id,
        written_replies.interaction_id

    from written_replies
    inner join dates_given on written_replies.topic = dates_given.topic
    where
        dates_given.made_at > written_replies.occurred_at
        and dates_given.made_at <= written_replies.replied_at

),

answered_in_writing as (

    select
        written_replies.promise_id,
        written_replies.interaction_id,
        written_replies.reply_interaction_id as excuse_interaction_id

    from written_replies
    left join written_replies_with_date
        on
            written_replies.promise_id = written_replies_with_date.promise_id
            and written_replies.interaction_id = written_replies_with_date.interaction_id
    where
        written_replies_with_date.promise_id is null
        and not written_replies.is_answer
        -- A reply that closes the promise is the fix.
        and written_replies.replied_at < coalesce(written_replies.closed_at, timestamp '9999-01-01 00:00:00')

),

final as (

    select
        asked.promise_id,
        asked.interaction_id,
        asked.occurred_at,
        asked.is_chase,
        coalesce(answered_live.excuse_interaction_id, answered_in_writing.excuse_interaction_id)
            as excuse_interaction_id

    from asked
    left join answered_live
        on
            asked.promise_id = answered_live.promise_id
            and asked.contact_id = answered_live.contact_id
            and asked.is_chase
    left join answered_in_writing
        on
            asked.promise_id = answered_in_writing.promise_id
            and asked.interaction_id = answered_in_writing.interaction_id
    where asked.is_first_leg

)

select * from final
