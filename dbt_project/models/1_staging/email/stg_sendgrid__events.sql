-- One row per delivery event of SendGrid, typed, with nobody's address.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('sendgrid', ['delivery_event']) }}

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
            "event": "VARCHAR",
            "email": "VARCHAR",
            "sg_message_id": "VARCHAR",
            "smtp-id": "VARCHAR",
            "category": "VARCHAR",
            "marketing_campaign_id": "VARCHAR",
            "singlesend_id": "VARCHAR",
            "order_id": "VARCHAR",
            "order_number": "VARCHAR",
            "order_name": "VARCHAR",
            "ticket_id": "VARCHAR",
            "appointment_id": "VARCHAR"
        }') as r

    from events

),

categorised as (

    select
        *,
        list_transform(
            case
                when starts_with(r.category, '[') then from_json(r.category, '["VARCHAR"]')
                when r.category is not null then [r.category]
                else []
            end,
            lambda x: regexp_replace(lower(trim(x)), '[^a-z0-9]+', '_', 'g')
        ) as categories

    from typed

),

final as (

    select
        event_id,
        source,
        record_type,
        record_key,
        occurred_at,
        recorded_at,
        r.event,
        r.event in ('bounce', 'blocked', 'dropped') as is_failure,
        r.event in ('delivered', 'bounce', 'blocked', 'dropped') as is_outcome,

        -- One message to one recipient; SendGrid adds a suffix to its message id on the way.
        md5(coalesce(
            regexp_replace(r.sg_message_id, '\.(filter|recvd).*$', ''), r."smtp-id", record_key
        ) || '/' || lower(r.email)) as delivery_key,
        sha256(nullif(trim(r."smtp-id", '<> '), '')) as message_key,

        -- what it is about
        ltrim(trim(coalesce(
            r.order_name, r.order_number, case when not starts_with(r.order_id, 'gid://') then r.order_id end
        )), '#') as order_key,
        r.ticket_id as ticket_key,
        r.appointment_id as appointment_key,
        list_filter(categories, lambda x: x not in ('transactional', 'marketing'))[1] as reason,

        -- what kind of thing it is
        r.marketing_campaign_id is not null
        or r.singlesend_id is not null
        or list_has_any(categories, ['marketing', 'newsletter', 'campaign', 'promotion', 'promotional'])
            as is_marketing,
        list_has_any(categories, ['auto_reply', 'autoreply', 'autoresponder', 'acknowledgement'])
            as is_automated

    from categorised

)

select * from final
