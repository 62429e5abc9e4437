-- One row per channel, and one for all: how many people there were before and after stitching, and how
-- many interactions nobody is known for.

with

people as (

    select * from {{ ref('int_customer_channels') }}
    where {{ is_external('customer_id') }}

),

summed as (

    select
        channel,
        is_all,
        cast(sum(interaction_count) as bigint) as interaction_count,
        cast(sum(anonymous_interaction_count) as bigint) as anonymous_interaction_count,
        -- One system alone knows a person by the strongest identifier that it saw.
        cast(sum(people_before) as bigint) as people_before,
        count(*) filter (where is_known) as people_after,
        count(*) filter (where is_anonymous) as anonymous_customer_count

    from people
    group by
        channel,
        is_all

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

    from summed
    where interaction_count > 0

)

select * from final
