-- One row per event and thing it names that another event may name too: an identifier, a record, a
-- subject, a conversation, a message. What one event changes about another it changes through one of
-- these, so they lead from what is new to all that it affects. `is_context`: it only reads the other,
-- as a comment reads its author's role, which joins no two comments to each other. Keys are added and
-- never taken away: two events that share a number share their keys, and a slice is larger by that.

{{ config(materialized='incremental', incremental_strategy='append') }}

{%- set new_events = new_log_events() %}

with

events as (

    select * from {{ new_events }}

),

identifiers_named as (

    select
        event_id,
        'identifier/' || unnest(list_transform(
            list_filter(identifiers, lambda x: x.hash is not null), lambda x: x.hash
        )) as key,
        false as is_context

    from events

),

records_named as (

    select
        event_id,
        'record/' || source || '/' || record_type || '/' || record_key as key,
        false as is_context

    from events
    where record_version is not null

),

contacts as (

    select
        event_id,
        record_key,
        from_json(payload, '{
            "InitialContactId": "VARCHAR",
            "PreviousContactId": "VARCHAR",
            "NextContactId": "VARCHAR",
            "Attributes": {
                {%- for name in connect_attributes().values() | sum(start=[]) %}
                "{{ name }}": "VARCHAR"{{ ',' if not loop.last }}
                {%- endfor %}
            }
        }') as r

    from {{ log_events('connect', ['contact'], new_events) }}

),

contacts_named as (

    select
        event_id,
        unnest([
            'contact/' || record_key,
            'contact/' || r.initialcontactid,
            'contact/' || r.previouscontactid,
            'contact/' || r.nextcontactid,
            'order/' || ltrim({{ connect_attribute('order') }}, '#'),
            'ticket/' || {{ connect_attribute('ticket') }},
            'appointment/' || {{ connect_attribute('appointment') }}
        ]) as key,
        false as is_context

    from contacts

),

tickets as (

    select
        event_id,
        record_type,
        record_key,
        from_json(payload, '{
            "ticket_id": "VARCHAR",
            "subject": "VARCHAR",
            "submitter_id": "VARCHAR",
            "requester_id": "VARCHAR",
            "author_id": "VARCHAR",
            "external_id": "VARCHAR",
            "tags": ["VARCHAR"],
            "custom_fields": [{"id": "VARCHAR", "value": "VARCHAR"}],
            "followup_ids": ["VARCHAR"],
            "metadata": {"system": {"message_id": "VARCHAR"}},
            "via": {
                "source": {
                    "from": {"ticket_id": "VARCHAR", "ticket_ids": ["VARCHAR"]},
                    "to": {"ticket_id": "VARCHAR"}
                }
            },
            "events": [{"author_id": "VARCHAR", "type": "VARCHAR", "body": "VARCHAR"}]
        }') as r

    from {{ log_events(
        'zendesk',
        ['ticket', 'ticket_audit', 'ticket_metric_event', 'satisfaction_rating', 'user'],
        new_events,
    ) }}

),

tickets_named as (

    select
        event_id,
        unnest(
            list_transform(
                list_concat(
                    [
                        case when record_type = 'ticket' then record_key end,
                        r.ticket_id,
                        r.via.source."from".ticket_id,
                        r.via.source."to".ticket_id
                    ],
                    list_concat(
                        r.followup_ids,
                        list_concat(
                            r.via.source."from".ticket_ids,
                            list_transform(r.events, lambda x: nullif(
                                regexp_extract(x.body, 'merged into request #([0-9]+)', 1), ''
                            ))
                        )
                    )
                ),
                lambda x: 'ticket/' || x
            )
            || [
                case when record_type = 'ticket' then 'order/' || {{ zendesk_order('r') }} end,
                'message/' || sha256(nullif(trim(r.metadata.system.message_id, '<> '), ''))
            ]
        ) as key,
        false as is_context

    from tickets

    union all

    select
        event_id,
        'user/' || unnest(list_distinct(list_concat(
            [case when record_type = 'user' then record_key end, r.submitter_id, r.author_id],
            list_transform(r.events, lambda x: x.author_id)
        ))) as key,
        record_type != 'user' as is_context

    from tickets

),

mails as (

    select
        event_id,
        record_key,
        from_json(payload, '{
            "in_reply_to": "VARCHAR",
            "references": ["VARCHAR"],
            "from": "VARCHAR",
            "to": ["VARCHAR"],
            "cc": ["VARCHAR"],
            "subject": "VARCHAR",
            "text": "VARCHAR",
            "report": {"message_id": "VARCHAR"}
        }') as r

    from {{ log_events('mail', ['message'], new_events) }}

),

mails_named as (

    select
        event_id,
        unnest([
            'message/' || record_key,
            'message/' || sha256(r."references"[1]),
            'message/' || sha256(r.in_reply_to),
            'message/' || sha256(r.report.message_id),
            'topic/' || nullif({{ mail_topic('r') }}, '')
            || '/' || array_to_string({{ mail_outsiders('r') }}, ','),
            'order/' || {{ mail_order('r') }}
        ]) as key,
        false as is_context

    from mails

),

deliveries as (

    select
        event_id,
        record_key,
        from_json(payload, '{
            "sg_message_id": "VARCHAR",
            "smtp-id": "VARCHAR",
            "order_id": "VARCHAR",
            "order_number": "VARCHAR",
            "order_name": "VARCHAR",
            "ticket_id": "VARCHAR",
            "appointment_id": "VARCHAR"
        }') as r

    from {{ log_events('sendgrid', ['delivery_event'], new_events) }}

),

deliveries_named as (

    select
        event_id,
        unnest([
            'delivery/' || coalesce(
                regexp_replace(r.sg_message_id, '\.(filter|recvd).*$', ''), r."smtp-id", record_key
            ),
            'message/' || sha256(nullif(trim(r."smtp-id", '<> '), '')),
            'order/' || ltrim(trim(r.order_name), '#'),
            'order/' || ltrim(trim(r.order_number), '#'),
            'order/' || ltrim(trim(r.order_id), '#'),
            'ticket/' || r.ticket_id,
            'appointment/' || r.appointment_id
        ]) as key,
        false as is_context

    from deliveries

),

shop_records as (

    select
        event_id,
        record_type,
        payload,
        from_json(payload, '{"name": "VARCHAR", "orderId": "VARCHAR", "__parentId": "VARCHAR"}') as r

    from {{ log_events(
        'shopify',
        [
            'order', 'fulfillment_order', 'fulfillment', 'fulfillment_event', 'refund',
            'refund_line_item', 'order_adjustment', 'return', 'return_line_item',
        ],
        new_events,
    ) }}

),

-- Shopify names each thing by a global id, wherever it is named.
shop_records_named as (

    select
        event_id,
        unnest(
            list_transform(
                list_distinct(regexp_extract_all(
                    payload, 'gid://shopify/(?:Order|Fulfillment|FulfillmentOrder|Refund|Return)/[0-9]+'
                )),
                lambda x: 'shopify/' || x
            )
            || [
                case when record_type = 'order' then 'order/' || ltrim(trim(r.name), '#') end,
                'shopify/gid://shopify/Order/' || r.orderid,
                'shopify/gid://shopify/Order/' || r.__parentid
            ]
        ) as key,
        false as is_context

    from shop_records

),

appointments_named as (

    select
        event_id,
        unnest([
            'appointment/' || record_key,
            'appointment/' || nullif(payload ->> '$.reschedule_of', '')
        ]) as key,
        false as is_context

    from {{ log_events('appointments', ['appointment'], new_events) }}

),

clicks_named as (

    select
        event_id,
        'order/' || nullif(ltrim(trim(payload ->> '$.properties.order_id'), '#'), '') as key,
        false as is_context

    from {{ log_events('segment', ['event'], new_events) }}
    -- Most clicks are about no order: looking for the word is much cheaper than parsing.
    where contains(payload, '"order_id"')

),

{%- if var('mappings') | map(attribute='interactions') | sum(start=[]) %}

rows_mapped as (

    {{ mapped_rows(
        ['conversation_key', 'subject_type', 'subject_key', 'promise_id'], new_events, latest=false
    ) }}

),

rows_named as (

    select
        event_id,
        unnest([
            'conversation/' || source || '/' || conversation_key,
            case when subject_type != 'issue' then subject_type || '/' || subject_key end,
            'promise/' || promise_id
        ]) as key,
        false as is_context

    from rows_mapped

),
{%- endif %}

named as (

    {%- for names in [
        'identifiers', 'records', 'contacts', 'tickets', 'mails', 'deliveries', 'shop_records',
        'appointments', 'clicks',
    ] + (['rows'] if var('mappings') | map(attribute='interactions') | sum(start=[]) else []) %}
    select * from {{ names }}_named
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

numbered as (

    select distinct
        {{ key_number('event_id') }} as event_number,
        {{ key_number('key') }} as key_number,
        is_context

    from named
    where key is not null

),

final as (

    select numbered.*

    from numbered
    {%- if var('scope') == 'slice' %}
    left join {{ this }} as known
        on
            numbered.event_number = known.event_number
            and numbered.key_number = known.key_number
            and numbered.is_context = known.is_context
    where known.event_number is null
    {%- endif %}

)

select * from final
