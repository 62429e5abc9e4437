-- One row per batch that the log had recorded by the run's known_at.

with

headers as (

    select * from {{ source('event_log', 'events') }}
    where record_type = 'batch'

),

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        headers.batch_id,
        headers.source,
        headers.occurred_at as covers_until,
        headers.recorded_at,
        cast(headers.payload ->> '$.events' as bigint) as event_count,
        cast(list_sum(list_transform(
            from_json(headers.payload -> '$.files', '[{"set_aside": "BIGINT"}]'),
            lambda file: file.set_aside
        )) as bigint) as set_aside_count,
        headers.payload

    from headers
    where headers.recorded_at <= (select run.known_at from run)

)

select * from final
