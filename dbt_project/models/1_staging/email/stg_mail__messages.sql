-- One row per mail message, typed, with nobody's address: who wrote to whom is said in keys.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('mail', ['message']) }}

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
            "in_reply_to": "VARCHAR",
            "references": ["VARCHAR"],
            "from": "VARCHAR",
            "to": ["VARCHAR"],
            "cc": ["VARCHAR"],
            "subject": "VARCHAR",
            "text": "VARCHAR",
            "return_path": "VARCHAR",
            "auto_submitted": "VARCHAR",
            "precedence": "VARCHAR",
            "x_autoreply": "VARCHAR",
            "list_id": "VARCHAR",
            "list_unsubscribe": "VARCHAR",
            "report": {"message_id": "VARCHAR", "action": "VARCHAR"}
        }') as r

    from events

),

told_apart as (

    select
        *,
        {{ is_own_address('r."from"') }} as is_from_us,
        {{ mail_outsiders('r') }} as outsiders,
        {{ mail_topic('r') }} as topic,
        r.report.action is not null or r.report.message_id is not null as is_bounce,
        coalesce(r.list_id is not null or r.precedence in ('bulk', 'list', 'junk'), false)
        or r.list_unsubscribe is not null as is_bulk

    from typed

),

final as (

    select
        event_id,
        source,
        record_type,
        record_key,
        record_key as message_key,
        occurred_at,
        recorded_at,

        -- what it belongs to
        sha256(coalesce(r."references"[1], r.in_reply_to)) as answers_key,
        case when topic != '' and len(outsiders) > 0 then md5(topic) end as topic_key,
        md5(array_to_string(outsiders, ',')) as parties_key,
        {{ mail_order('r') }} as order_key,

        -- who turned to whom
        case
            when is_bounce or len(outsiders) = 0 then 'internal'
            when is_from_us then 'outbound'
            else 'inbound'
        end as direction,
        is_bounce,
        case
            when is_bounce and coalesce(r.report.action, 'failed') = 'failed'
                then sha256(coalesce(r.report.message_id, r.in_reply_to, r."references"[1]))
        end as bounced_message_key,

        -- what kind of thing it is
        is_bounce
        or coalesce(r.auto_submitted != 'no', false)
        or coalesce(r.precedence in ('auto_reply', 'auto-reply'), false)
        or coalesce(lower(r.x_autoreply) not in ('no', 'false'), false)
        or coalesce(r.return_path = '<>' and not is_bulk, false)
        or (is_bulk and not is_from_us) as is_automated,
        is_bulk and is_from_us as is_marketing,
        regexp_matches(r."from", '^(no-?reply|do-?not-?reply|notifications?|mailer)[^@]*@') as is_from_machine

    from told_apart

)

select * from final
