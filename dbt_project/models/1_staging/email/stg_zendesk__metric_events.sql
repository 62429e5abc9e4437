-- One row per ticket metric event in its latest version; a breach may be taken back.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('zendesk', ['ticket_metric_event']) }}
    {{ latest_version() }}

),

typed as (

    select
        *,
        from_json(payload, '{
            "ticket_id": "VARCHAR",
            "metric": "VARCHAR",
            "instance_id": "VARCHAR",
            "type": "VARCHAR",
            "deleted": "BOOLEAN",
            "sla": {"target": "BIGINT", "target_in_seconds": "BIGINT", "business_hours": "BOOLEAN"}
        }') as r

    from events

),

final as (

    select
        event_id,
        source,
        record_type,
        record_key,
        occurred_at,
        recorded_at,
        r.ticket_id,
        r.metric,
        r.instance_id,
        'zendesk/' || r.metric || '/' || r.ticket_id || '/' || r.instance_id as clock_key,
        r.type as event_type,
        coalesce(r.deleted, false) as is_deleted,
        coalesce(r.sla.target_in_seconds, r.sla.target * 60) as target_seconds,
        coalesce(r.sla.business_hours, false) as is_business_time

    from typed

)

select * from final
