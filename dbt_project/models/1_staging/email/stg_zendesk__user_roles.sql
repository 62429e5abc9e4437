-- One row per user and stretch of time with one role: an agent who leaves becomes an end user, and
-- what they wrote before remains an agent's.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('zendesk', ['user']) }}

),

versions as (

    select
        record_key as user_id,
        version_rank,
        recorded_at,
        event_id,
        payload ->> '$.role' as role,
        cast(cast(
            coalesce(payload ->> '$.updated_at', payload ->> '$.created_at') as timestamptz
        ) as timestamp) as updated_at

    from events
    qualify row_number() over (
        partition by record_key, version_rank
        order by recorded_at, event_id
    ) = 1

),

final as (

    select
        user_id,
        role,
        -- What a user was before the first export, nobody knows: the same, most likely.
        case
            when lag(event_id) over history is null then timestamp '1900-01-01 00:00:00'
            else updated_at
        end as valid_from,
        coalesce(lead(updated_at) over history, timestamp '9999-01-01 00:00:00') as valid_to

    from versions

    window history as (partition by user_id order by version_rank, event_id)

)

select * from final
