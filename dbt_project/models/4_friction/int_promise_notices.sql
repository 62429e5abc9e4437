-- One row per delivered message of the company that informs about a subject: a contact on the issue,
-- a notice about a promise, or the call or reply that keeps one.

with

contacts as (

    select * from {{ ref('int_subject_contacts') }}
    where is_company_contact

),

events as (

    select * from {{ ref('int_promise_events') }}

),

final as (

    select
        topic,
        occurred_at,
        recorded_at,
        event_id

    from contacts

    union all

    select
        topic,
        occurred_at,
        recorded_at,
        event_id

    from events
    where
        event = 'notified'
        or (event = 'kept' and promise_kind in ('callback', 'reply'))

)

select * from final
