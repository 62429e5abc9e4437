-- One row per mail message, in the canonical shape.

with

messages as (

    select * from {{ ref('stg_mail__messages') }}

),

threads as (

    select * from {{ ref('stg_mail__threads') }}

),

delivery_events as (

    select * from {{ ref('stg_sendgrid__events') }}

),

ticket_comments as (

    select * from {{ ref('stg_zendesk__comments') }}

),

failed as (

    select bounced_message_key as message_key
    from messages
    where bounced_message_key is not null

    union

    select message_key
    from delivery_events
    where is_failure and message_key is not null

),

-- A mail that the help desk took in is a comment of a ticket there, and no second contact.
ticketed as (

    select distinct message_key
    from ticket_comments
    where message_key is not null

),

threaded as (

    select
        messages.*,
        threads.thread_key,
        failed.message_key is not null as is_failed,
        bool_or(messages.direction = 'inbound' and not messages.is_automated) over earlier
            as answers_somebody,
        count(*) over earlier > 0 as is_continued

    from messages
    inner join threads on messages.message_key = threads.message_key
    left join failed on messages.message_key = failed.message_key
    left join ticketed on messages.message_key = ticketed.message_key
    where ticketed.message_key is null

    window earlier as (
        partition by threads.thread_key
        order by messages.occurred_at, messages.message_key
        rows between unbounded preceding and 1 preceding
    )

),

thread_orders as (

    select
        thread_key,
        min_by(order_key, struct_pack(occurred_at := occurred_at, message_key := message_key)) as order_key

    from threaded
    where order_key is not null
    group by thread_key

),

final as (

    select
        -- keys
        {{ surrogate_key(['threaded.source', 'threaded.record_type', 'threaded.record_key', '0']) }}
            as interaction_id,
        threaded.event_id,
        threaded.source,
        threaded.record_type,
        threaded.record_key,
        0 as position,
        threaded.occurred_at,
        threaded.recorded_at,

        -- what happened
        case when threaded.direction != 'internal' then 'email' end as channel,
        case when threaded.is_marketing then 'email.marketing' else 'email.support' end as touchpoint,
        case
            when threaded.is_bounce then 'bounced'
            when threaded.direction = 'internal' then 'noted'
            when threaded.direction = 'inbound' and threaded.is_automated then 'auto_replied'
            when threaded.direction = 'inbound' then 'contacted'
            when threaded.is_automated or threaded.is_marketing or threaded.is_from_machine then 'notified'
            when threaded.answers_somebody then 'replied'
            else 'contacted'
        end as kind,
        threaded.direction,
        'mail/' || threaded.thread_key as conversation_key,
        case when coalesce(threaded.order_key, thread_orders.order_key) is not null then 'order' end
            as subject_type,
        coalesce(threaded.order_key, thread_orders.order_key) as subject_key,
        cast(null as varchar) as phase,
        false as is_moment_of_truth,
        threaded.is_continued as is_context_carried,

        -- whom it reached
        threaded.is_automated,
        threaded.is_marketing,
        threaded.direction = 'inbound'
        or (threaded.direction = 'outbound' and not threaded.is_failed) as is_delivered,
        threaded.direction != 'internal'
        and not threaded.is_automated
        and not threaded.is_marketing
        and not (threaded.direction = 'outbound' and threaded.is_from_machine) as is_human_contact,

        -- stated by mapped rows only
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,

        -- where, who, how long, how it ended
        cast(null as varchar) as location_id,
        cast(null as varchar) as employee_id,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as talk_seconds,
        case when threaded.is_failed then 'bounced' end as outcome,
        cast(null as varchar) as reason

    from threaded
    left join thread_orders on threaded.thread_key = thread_orders.thread_key

)

select * from final
