-- One row per event of a ticket audit: a comment, a changed field, a notification, typed.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('zendesk', ['ticket_audit']) }}

),

typed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        occurred_at,
        recorded_at,
        from_json(payload, '{
            "ticket_id": "VARCHAR",
            "author_id": "VARCHAR",
            "metadata": {"system": {"message_id": "VARCHAR"}},
            "via": {
                "channel": "VARCHAR",
                "source": {
                    "rel": "VARCHAR",
                    "from": {"ticket_id": "VARCHAR", "ticket_ids": ["VARCHAR"]},
                    "to": {"ticket_id": "VARCHAR"}
                }
            },
            "events": [{
                "type": "VARCHAR",
                "field_name": "VARCHAR",
                "value": "VARCHAR",
                "previous_value": "VARCHAR",
                "public": "BOOLEAN",
                "author_id": "VARCHAR",
                "body": "VARCHAR",
                "recipients": ["VARCHAR"],
                "data": {"call_duration": "BIGINT"},
                "via": {"channel": "VARCHAR", "source": {"rel": "VARCHAR"}}
            }]
        }') as r

    from events

),

unnested as (

    select
        event_id,
        source,
        record_type,
        record_key,
        occurred_at,
        recorded_at,
        r.ticket_id,
        r.author_id,
        r.via,
        nullif(trim(r.metadata.system.message_id, '<> '), '') as message_id,
        len(list_filter(r.events, lambda x: x.type = 'Create')) > 0 as is_opening,
        unnest(range(len(r.events))) as position,
        unnest(r.events) as e

    from typed

),

final as (

    select
        event_id,
        source,
        record_type,
        record_key,
        cast(position as integer) as position,
        occurred_at,
        recorded_at,
        ticket_id,
        -- Zendesk writes -1 for its own rules.
        coalesce(e.author_id, author_id) as author_id,
        is_opening,
        e.type as event_type,
        e.field_name,
        nullif(e.value, '') as value,
        nullif(e.previous_value, '') as previous_value,
        e.type in ('Comment', 'VoiceComment') as is_comment,
        coalesce(e.public, e.type = 'VoiceComment') as is_public,
        e.data.call_duration as call_seconds,
        e.recipients,
        lower(coalesce(e.via.channel, via.channel)) as via_channel,
        coalesce(e.via.source.rel, via.source.rel) as via_rel,
        case
            when via.source.rel = 'merge'
                then list_concat(
                    coalesce(via.source."from".ticket_ids, []), [via.source."from".ticket_id]
                )
        end as merged_ticket_ids,
        coalesce(
            case when via.source.rel = 'merge' then via.source."to".ticket_id end,
            case
                when e.type = 'Comment' and not e.public
                    then nullif(regexp_extract(e.body, 'merged into request #([0-9]+)', 1), '')
            end
        ) as merged_into_ticket_id,
        case
            when e.field_name = 'tags' then list_filter(
                {{ ticket_tag_list('e.value') }},
                lambda x: not list_contains({{ ticket_tag_list('e.previous_value') }}, x)
            )
        end as added_tags,
        sha256(message_id) as message_key

    from unnested

)

select * from final
