-- One row per queue ticket in its latest exported state, typed.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('queue_tickets', ['ticket']) }}

),

latest as (

    select * from events
    {{ latest_version() }}

),

typed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        recorded_at,
        from_json(payload, '{
            "location_id": "VARCHAR",
            "service": "VARCHAR",
            "taken_at": "VARCHAR",
            "called_at": "VARCHAR",
            "served_at": "VARCHAR",
            "ended_at": "VARCHAR",
            "outcome": "VARCHAR",
            "__zone": "VARCHAR"
        }') as r

    from latest

),

timed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        recorded_at,
        r.location_id,
        nullif(trim(regexp_replace(lower(r.service), '[^a-z0-9]+', '_', 'g'), '_'), '') as service,
        r.outcome,
    {%- for time in ['taken_at', 'called_at', 'served_at', 'ended_at'] %}
        {{ declared_instant('r.' ~ time, "coalesce(r.\"__zone\", 'UTC')") }} as {{ time }}
        {{- ',' if not loop.last }}
    {%- endfor %}

    from typed

),

final as (

    select
        *,
        -- null while the customer waits
        {{ epoch_second('served_at') }} - {{ epoch_second('taken_at') }} as wait_seconds,
        {{ epoch_second('ended_at') }} - {{ epoch_second('served_at') }} as talk_seconds

    from timed

)

select * from final
