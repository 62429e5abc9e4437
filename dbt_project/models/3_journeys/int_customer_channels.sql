-- One row per customer and channel, and one per customer over all channels: who they were there. An
-- identifier that is the strongest on an event names that event's customer and no other, so that what is
-- counted here of each can be summed over all.

with

people as (

    select * from {{ ref('int_people_seen') }}

),

final as (

    select
        customer_id,
        channel,
        grouping(channel) = 1 as is_all,
        bool_or(not is_anonymous) as is_known,
        bool_or(is_anonymous) as is_anonymous,
        count(distinct identifier_hash) as people_before,
        cast(sum(interaction_count) as bigint) as interaction_count,
        cast(
            coalesce(sum(interaction_count) filter (where is_anonymous), 0) as bigint
        ) as anonymous_interaction_count

    from people
    group by grouping sets ((customer_id, channel), (customer_id))

)

select * from final
