-- One row per exported version of a Zendesk ticket, typed.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('zendesk', ['ticket']) }}

),

typed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        from_json(payload, '{
            "status": "VARCHAR",
            "type": "VARCHAR",
            "subject": "VARCHAR",
            "due_at": "VARCHAR",
            "updated_at": "TIMESTAMPTZ",
            "requester_id": "VARCHAR",
            "submitter_id": "VARCHAR",
            "assignee_id": "VARCHAR",
            "group_id": "VARCHAR",
            "external_id": "VARCHAR",
            "is_public": "BOOLEAN",
            "tags": ["VARCHAR"],
            "custom_fields": [{"id": "VARCHAR", "value": "VARCHAR"}],
            "followup_ids": ["VARCHAR"],
            "via": {
                "channel": "VARCHAR",
                "source": {"rel": "VARCHAR", "from": {"ticket_id": "VARCHAR"}}
            }
        }') as r

    from events

),

picked as (

    select
        *,
        list_filter(r.tags, lambda x: regexp_matches(x, '^(contact_)?reason_.'))[1] as reason_tag

    from typed

),

final as (

    select
        event_id,
        source,
        record_type,
        record_key,
        record_key as ticket_id,
        version_rank,
        occurred_at as opened_at,
        recorded_at,
        coalesce(cast(r.updated_at as timestamp), occurred_at) as updated_at,
        r.status,
        r.requester_id,
        r.submitter_id,
        coalesce(r.assignee_id, r.group_id) as owner,
        coalesce(r.is_public, true) as is_public,
        r.due_at as due_text,
        r.followup_ids,
        lower(r.via.channel) as via_channel,
        r.via.source.rel as via_rel,
        r.via.source."from".ticket_id as via_ticket_id,

        {{ zendesk_order('r') }} as order_key,
        -- A tag 'reason_…' says what the contact is about; else the ticket's type does, roughly.
        coalesce(
            nullif(regexp_extract(reason_tag, '^(?:contact_)?reason_(.+)$', 1), ''), r.type
        ) as reason

    from picked

)

select * from final
