-- One row per web session: from its first interaction to its last, whatever the day.

with

steps as (

    select * from {{ ref('int_web_steps') }}

),

final as (

    select
        session_id,
        customer_id,
        device_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(*) as step_count

    from steps
    group by
        session_id,
        customer_id,
        device_id

)

select * from final
