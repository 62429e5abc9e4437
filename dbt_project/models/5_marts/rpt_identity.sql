-- One row per channel, and one for all: how many people there were before and after stitching, and how
-- many interactions nobody is known for.

with

people as (

    select * from {{ ref('int_people_seen') }}
    where {{ is_external('customer_id') }}

),

counted as (

    select
        channel,
        grouping(channel) = 1 as is_all,
        cast(sum(interaction_count) as bigint) as interaction_count,
        cast(
            coalesce(sum(interaction_count) filter (where is_anonymous), 0) as bigint
        ) as anonymous_interaction_count,
        -- One system alone knows a person by the strongest identifier that it saw.
        count(distinct identifier_hash) as people_before,
        count(distinct customer_id) filter (where not is_anonymous) as people_after,
        count(distinct customer_id) filter (where is_anonymous) as anonymous_customer_count

    from people
    group by grouping sets ((channel), ())

),

final as (

    select
        case when is_all then 'all' else coalesce(channel, 'none') end as channel,
        people_before,
        people_after,
        anonymous_customer_count,
        interaction_count,
        anonymous_interaction_count,
        anonymous_interaction_count / cast(nullif(interaction_count, 0) as double) as anonymous_share

    from counted
    where interaction_count > 0

)

select * from final
