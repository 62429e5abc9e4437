-- One row per thing that happened to a customer, as an activity stream: every interaction, and
-- what the clocks of promises did where nothing happened.

with

interactions as (

    select * from {{ ref('fct_interactions') }}

),

ledger as (

    select * from {{ ref('int_ledger_lines') }}

),

clock_lines as (

    select * from ledger
    where interaction_id is null

),

activities as (

    select
        interaction_id as activity_id,
        occurred_at as ts,
        customer_id as customer,
        coalesce(kind, 'interacted') as activity,
        journey_id,
        issue_id,
        cast(null as varchar) as promise_id,
        channel,
        touchpoint,
        direction,
        phase,
        points,
        credit_points,
        source || ':' || source_key as link

    from interactions

    union all

    select
        {{ surrogate_key(['customer_id', 'source', 'source_key', 'signal_position']) }} as activity_id,
        min(occurred_at) as ts,
        customer_id as customer,
        replace(min(signal), '.', '_') as activity,
        min(journey_id) as journey_id,
        min(issue_id) as issue_id,
        min(promise_id) as promise_id,
        cast(null as varchar) as channel,
        min(touchpoint) as touchpoint,
        cast(null as varchar) as direction,
        min(phase) as phase,
        {{ as_points("coalesce(sum(points_micro) filter (where part != 'credit'), 0)") }} as points,
        {{ as_points("coalesce(sum(points_micro) filter (where part = 'credit'), 0)") }}
            as credit_points,
        source || ':' || source_key as link

    from clock_lines
    group by customer_id, source, source_key, signal_position

),

final as (

    select
        -- the columns of every activity stream
        activity_id,
        ts,
        customer,
        activity,
        cast(null as decimal(18, 2)) as revenue_impact,
        link,
        row_number() over same_activity as activity_occurrence,
        lead(ts) over same_activity as activity_repeated_at,

        -- features
        journey_id,
        issue_id,
        promise_id,
        channel,
        touchpoint,
        direction,
        phase,
        points,
        credit_points

    from activities

    window same_activity as (partition by customer, activity order by ts, activity_id)

)

select * from final
