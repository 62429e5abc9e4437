-- One row per customer, anonymous ones too: who they are to us, and how they stand as of the run.

with

seen as (

    select * from {{ ref('int_customers_seen') }}
    where {{ is_external('customer_id') }}

),

people as (

    select * from {{ ref('int_people_seen') }}
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

run as (

    select * from {{ ref('stg_run') }}

),

channels_owned as (

    select count(distinct channel) as channel_count from people

),

journeys_open as (

    select
        journeys.customer_id,
        count(*) as open_journey_count

    from journeys
    cross join run
    where {{ journey_status('journeys', 'run.as_of') }} != 'closed'
    group by journeys.customer_id

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
        ranked.journey_count,
        coalesce(journeys_open.open_journey_count, 0) as open_journey_count,
        ranked.first_seen_at,
        ranked.last_seen_at,
        ranked.last_channel

    from ranked
    left join journeys_open on ranked.customer_id = journeys_open.customer_id
    left join identifiers_counted on ranked.customer_id = identifiers_counted.customer_id

)

select * from final
