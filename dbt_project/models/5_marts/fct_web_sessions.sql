-- One row per web session: the visits of one device, or of one customer where no device is known,
-- from the first to the last before 30 minutes of nothing, whatever the day.

with

steps as (

    select
        session_id,
        interaction_id,
        customer_id,
        touchpoint,
        occurred_at,
        points,
        struct_pack(occurred_at := occurred_at, interaction_id := interaction_id) as place

    from {{ ref('fct_interactions') }}
    where session_id is not null

),

final as (

    select
        -- keys
        session_id,
        min(customer_id) as customer_id,

        -- how it ran
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        cast(date_diff('second', min(occurred_at), max(occurred_at)) as bigint)
            as duration_seconds,
        count(*) as step_count,
        min_by(touchpoint, place) as entry_touchpoint,
        max_by(touchpoint, place) as exit_touchpoint,

        -- what it cost
        cast(sum(points) as decimal(18, 6)) as points

    from steps
    group by session_id

)

select * from final
