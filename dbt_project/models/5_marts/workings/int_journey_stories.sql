-- One row per journey: how it ran, through which channels, and what it cost the customer. All of
-- fct_journeys, but whether a silence has closed it by the time of the run.

with

journeys as (

    select * from {{ ref('int_journeys') }}
    where {{ is_external('customer_id') }}

),

-- Imported twice, each with what is needed there: a CTE that is read twice would be copied whole.
steps as (

    select
        journey_id,
        touchpoint,
        employee_id,
        is_human_contact,
        occurred_at,
        phase,
        step_number = 1 as is_first,
        next_at is null as is_last

    from {{ ref('int_journey_steps') }}

),

channels as (

    select
        journey_id,
        step_number,
        channel,
        lag(channel) over (partition by journey_id order by step_number) as previous_channel

    from {{ ref('int_journey_steps') }}
    where channel is not null

),

points as (

    select * from {{ ref('int_journey_points') }}

),

moves as (

    select * from {{ ref('int_journey_moves') }}

),

ends as (

    select
        journey_id,
        max(touchpoint) filter (where is_first) as entry_touchpoint,
        max(touchpoint) filter (where is_last) as exit_touchpoint,
        min(occurred_at) filter (where phase = 'before') as before_at,
        min(occurred_at) filter (where phase = 'beginning') as beginning_at,
        min(occurred_at) filter (where phase = 'during') as during_at,
        min(occurred_at) filter (where phase = 'after') as after_at

    from steps
    group by journey_id

),

handlers as (

    select
        journey_id,
        count(distinct employee_id) as handler_count

    from steps
    where is_human_contact and employee_id is not null
    group by journey_id

),

-- Counted and joined where the channel changes, which is seldom.
paths as (

    select
        journey_id,
        min_by(channel, step_number) as entry_channel,
        max_by(channel, step_number) as exit_channel,
        string_agg(channel, ' > ' order by step_number) as channel_path,
        count(distinct channel) as channel_count,
        count(*) - 1 as channel_switch_count

    from channels
    where channel is distinct from previous_channel
    group by journey_id

),

final as (

    select
        -- keys
        journeys.journey_id,
        journeys.customer_id,
        journeys.is_anonymous,
        journeys.subject_type,
        journeys.subject_key,

        -- how it ran
        journeys.status,
        journeys.opened_at,
        journeys.last_step_at,
        journeys.closed_at,
        journeys.last_active_at,
        journeys.silent_until,
        journeys.committed_at,
        journeys.handed_over_at,
        journeys.ended_at,
        ends.before_at,
        ends.beginning_at,
        ends.during_at,
        ends.after_at,
        ends.entry_touchpoint,
        ends.exit_touchpoint,
        paths.entry_channel,
        paths.exit_channel,
        paths.channel_path,
        coalesce(paths.channel_count, 0) as channel_count,
        coalesce(paths.channel_switch_count, 0) as channel_switch_count,
        journeys.step_count,
        journeys.contact_count,
        journeys.inbound_contact_count,
        coalesce(handlers.handler_count, 0) as handler_count,
        coalesce(moves.reopen_count, 0) as reopen_count,
        coalesce(moves.reassignment_count, 0) as reassignment_count,

        -- what it cost
        {{ as_points('coalesce(points.friction_micro, 0)') }} as points,
        {{ as_points('coalesce(points.credit_micro, 0)') }} as credit_points,
        {{ as_points('coalesce(points.worst_micro, 0)') }} as worst_points,
        {{ as_points('coalesce(points.last_micro, 0)') }} as end_points

    from journeys
    inner join ends on journeys.journey_id = ends.journey_id
    left join handlers on journeys.journey_id = handlers.journey_id
    left join paths on journeys.journey_id = paths.journey_id
    left join points on journeys.journey_id = points.journey_id
    left join moves on journeys.journey_id = moves.journey_id

)

select * from final
