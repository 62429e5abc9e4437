-- One row per message: the thread it belongs to, by what it refers to; and threads with the same
-- subject between the same people, no more than 30 days apart, are one.

{{ config(materialized='table') }}

with

messages as (

    select * from {{ ref('stg_mail__messages') }}

),

-- A message that names no ancestor but its parent: each step doubles how far up is seen.
one_up as (

    select
        message_key,
        coalesce(answers_key, message_key) as top_key

    from messages

),

two_up as (

    select
        one_up.message_key,
        coalesce(above.top_key, one_up.top_key) as top_key

    from one_up
    left join one_up as above on one_up.top_key = above.message_key

),

four_up as (

    select
        two_up.message_key,
        coalesce(above.top_key, two_up.top_key) as top_key

    from two_up
    left join two_up as above on two_up.top_key = above.message_key

),

eight_up as (

    select
        four_up.message_key,
        coalesce(above.top_key, four_up.top_key) as top_key

    from four_up
    left join four_up as above on four_up.top_key = above.message_key

),

referring as (

    select
        eight_up.top_key,
        min(messages.occurred_at) as opened_at,
        max(messages.occurred_at) as ended_at,
        min_by(messages.topic_key, struct_pack(
            occurred_at := messages.occurred_at, message_key := messages.message_key
        )) as topic_key,
        min_by(messages.parties_key, struct_pack(
            occurred_at := messages.occurred_at, message_key := messages.message_key
        )) as parties_key

    from messages
    inner join eight_up on messages.message_key = eight_up.message_key
    where not messages.is_bounce
    group by eight_up.top_key

),

-- A thread without a subject is like no other.
comparable as (

    select
        *,
        coalesce(topic_key, top_key) as likeness_key

    from referring

),

resumed as (

    select
        *,
        coalesce(
            opened_at - max(ended_at) over earlier <= interval '30 days',
            false
        ) as is_resumed

    from comparable

    window earlier as (
        partition by likeness_key, parties_key
        order by opened_at, top_key
        rows between unbounded preceding and 1 preceding
    )

),

numbered as (

    select
        *,
        sum(case when is_resumed then 0 else 1 end) over (
            partition by likeness_key, parties_key
            order by opened_at, top_key
            rows unbounded preceding
        ) as thread_number

    from resumed

),

threads as (

    select
        top_key,
        first_value(top_key) over (
            partition by likeness_key, parties_key, thread_number
            order by opened_at, top_key
        ) as thread_key

    from numbered

),

final as (

    select
        eight_up.message_key,
        coalesce(threads.thread_key, eight_up.top_key) as thread_key

    from eight_up
    left join threads on eight_up.top_key = threads.top_key

)

select * from final
