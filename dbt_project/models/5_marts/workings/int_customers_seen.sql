-- One row per customer of an interaction: what we saw of them, and all friction so far.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

journeys as (

    select * from {{ ref('int_journeys') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}
    where has_occurred

),

summed as (

    select
        customer_id,
        cast(sum(friction_micro) as bigint) as friction_micro

    from scored
    group by customer_id

),

journeys_counted as (

    select
        customer_id,
        count(*) as journey_count

    from journeys
    group by customer_id

),

seen as (

    select
        customer_id,
        bool_and(is_anonymous) as is_anonymous,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at,
        max_by(channel, struct_pack(
            occurred_at := occurred_at, interaction_id := interaction_id
        )) as last_channel,
        max_by(location_id, struct_pack(
            occurred_at := occurred_at, interaction_id := interaction_id
        )) as last_location_id,
        count(*) as interaction_count,
        count(*) filter (where is_human_contact) as contact_count,
        count(distinct channel) as channel_count

    from steps
    group by customer_id

),

final as (

    select
        seen.customer_id,
        seen.is_anonymous,
        seen.first_seen_at,
        seen.last_seen_at,
        seen.last_channel,
        seen.last_location_id,
        seen.interaction_count,
        seen.contact_count,
        seen.channel_count,
        journeys_counted.journey_count,
        coalesce(summed.friction_micro, 0) as friction_micro

    from seen
    inner join journeys_counted on seen.customer_id = journeys_counted.customer_id
    left join summed on seen.customer_id = summed.customer_id

)

select * from final
