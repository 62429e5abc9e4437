-- One row per customer, anonymous ones too: who they are to us, and how they stand as of the run.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where {{ is_external('customer_id') }}

),

journeys as (

    select * from {{ ref('int_journeys') }}

),

identifiers as (

    select * from {{ ref('int_identifier_customers') }}

),

scores as (

    select * from {{ ref('int_customer_scores') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

summed as (

    select
        customer_id,
        sum(friction_micro) as friction_micro

    from scored
    where occurred_at <= (select run.as_of from run)
    group by customer_id

),

channels_owned as (

    select count(distinct channel) as channel_count from steps

),

seen as (

    select
        steps.customer_id,
        bool_and(steps.is_anonymous) as is_anonymous,
        min(steps.occurred_at) as first_seen_at,
        max(steps.occurred_at) as last_seen_at,
        max_by(steps.channel, struct_pack(
            occurred_at := steps.occurred_at, interaction_id := steps.interaction_id
        )) as last_channel,
        count(*) as interaction_count,
        count(*) filter (where steps.is_human_contact) as contact_count,
        count(distinct steps.channel) as channel_count

    from steps
    group by steps.customer_id

),

journeys_counted as (

    select
        customer_id,
        count(*) as journey_count,
        count(*) filter (where status != 'closed') as open_journey_count

    from journeys
    group by customer_id

),

identifiers_counted as (

    select
        customer_id,
        count(*) as identifier_count

    from identifiers
    group by customer_id

),

standing as (

    select
        seen.*,
        coalesce(summed.friction_micro, 0) as friction_micro,
        coalesce(scores.score, 0) as score,
        coalesce(scores.friction, 0) as friction,
        coalesce(scores.credit_balance, 0) as credit_balance,
        coalesce(scores.credit_applied, 0) as credit_applied,
        coalesce(scores.peak, 0) as peak,
        coalesce(scores.end_friction, 0) as end_friction,
        coalesce(scores.level, 0) as level,
        seen.channel_count / cast(nullif(channels_owned.channel_count, 0) as double) as coverage,
        case
            when seen.is_anonymous then 'anonymous'
            else concat(
                case
                    when seen.first_seen_at > run.as_of - interval '30 days' then 'new'
                    when seen.first_seen_at > run.as_of - interval '365 days' then 'settled'
                    else 'long'
                end,
                ' / ', case when seen.channel_count > 1 then 'several channels' else 'one channel' end,
                ' / ', case
                    when seen.interaction_count < 4 then 'few'
                    when seen.interaction_count < 20 then 'some'
                    else 'many'
                end
            )
        end as segment

    from seen
    cross join run
    cross join channels_owned
    left join scores on seen.customer_id = scores.customer_id
    left join summed on seen.customer_id = summed.customer_id

),

-- Ties share their average rank.
ranked as (

    select
        *,
        (
            rank() over (partition by segment order by score)
            + (count(*) over (partition by segment, score) - 1) / cast(2 as double)
            - cast(0.5 as double)
        ) * 100 / count(*) over (partition by segment) as percentile

    from standing

),

final as (

    select
        -- who
        ranked.customer_id,
        ranked.is_anonymous,
        ranked.segment,
        coalesce(identifiers_counted.identifier_count, 0) as identifier_count,

        -- how they stand
        ranked.score,
        ranked.level,
        ranked.friction,
        ranked.credit_balance,
        ranked.credit_applied,
        ranked.peak,
        ranked.end_friction,
        ranked.percentile,
        {{ as_points('ranked.friction_micro') }} as cumulative_points,

        -- what we saw of them
        ranked.coverage,
        ranked.channel_count,
        ranked.interaction_count,
        ranked.contact_count,
        journeys_counted.journey_count,
        journeys_counted.open_journey_count,
        ranked.first_seen_at,
        ranked.last_seen_at,
        ranked.last_channel

    from ranked
    inner join journeys_counted on ranked.customer_id = journeys_counted.customer_id
    left join identifiers_counted on ranked.customer_id = identifiers_counted.customer_id

)

select * from final
