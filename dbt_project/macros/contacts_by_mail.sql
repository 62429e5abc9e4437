-- What mail and tickets have in common: quoted order numbers, and who owes whom an answer.

-- The order number that a line of text quotes ('Order #1001: where is it?'), or null. A number that
-- nothing calls an order is none, nor one of three digits without '#': tickets, dates, prices and
-- numbers of pieces are numbers too.
{% macro order_number(line) -%}
nullif(upper(ltrim(regexp_extract(
    {{ line }},
    '(?i)\b(?:order|purchase)(?:\s*(?:number|no\.?|nr\.?|id|name))?\s*[:-]*\s*'
    || '(#(?:[a-z]{1,4}-?)?[0-9]{1,12}|(?:[a-z]{1,4}-?)?[0-9]{4,12})\b',
    1
), '#')), '')
{%- endmacro %}

-- The messages between people in the canonical interactions of one source, and how they answer each
-- other: columns interaction_id, event_id, conversation_key, occurred_at, is_inbound, is_reply, and
--   waited_seconds   of an answer: from the first message that it answers
--   is_unprompted    of a customer's message: it opens the conversation, or asks again because
--                    nobody answered, or comes so long after our last word that it is no answer
{% macro messages_answered(interactions) -%}
select
    interaction_id,
    event_id,
    conversation_key,
    occurred_at,
    not is_reply as is_inbound,
    is_reply,
    case
        when is_reply then {{ epoch_second('occurred_at') }} - {{ epoch_second('asked_at') }}
    end as waited_seconds,
    not is_reply and case
        when asked_before_at is not null
            then occurred_at - asked_before_at >= interval '{{ var("session_gap_minutes") }} minutes'
        when replied_before_at is not null
            then occurred_at - replied_before_at > interval '{{ var("issue_gap_days") * 24 }} hours'
        else true
    end as is_unprompted

from (
    select
        *,
        min(case when not is_reply then occurred_at end) over exchange as asked_at,
        max(case when not is_reply then occurred_at end) over exchange_before as asked_before_at

    from (
        select
            interaction_id,
            event_id,
            coalesce(conversation_key, interaction_id) as conversation_key,
            occurred_at,
            direction = 'outbound' as is_reply,
            count(case when direction = 'outbound' then 1 end) over history as exchange_number,
            max(case when direction = 'outbound' then occurred_at end) over history as replied_before_at

        from {{ interactions }}
        where
            kind in ('contacted', 'replied')
            and is_human_contact
            and not is_marketing
            and (direction = 'inbound' or (direction = 'outbound' and is_delivered))

        window history as (
            partition by coalesce(conversation_key, interaction_id)
            order by occurred_at, direction, interaction_id
            rows between unbounded preceding and 1 preceding
        )
    ) as messages

    window
        exchange as (partition by conversation_key, exchange_number),
        exchange_before as (
            partition by conversation_key, exchange_number
            order by occurred_at, is_reply, interaction_id
            rows between unbounded preceding and 1 preceding
        )
) as exchanges
{%- endmacro %}

-- The customer's channel behind Zendesk's via.channel. An agent's 'web' is the agent's screen, so
-- ask this of the customer's side only. What is not known came by mail, as most tickets do.
{% macro zendesk_channel(via_channel) -%}
case
    when {{ via_channel }} in (
        'web', 'web_widget', 'web_form', 'help_center', 'helpcenter', 'mobile', 'mobile_sdk', 'sdk'
    ) then 'web'
    when {{ via_channel }} in (
        'chat', 'native_messaging', 'messaging', 'any_channel', 'sms', 'whatsapp', 'facebook',
        'facebook_messenger', 'instagram_dm', 'twitter', 'twitter_dm', 'twitter_like', 'line',
        'wechat', 'telegram', 'viber', 'slack'
    ) then 'chat'
    when {{ via_channel }} in ('voice', 'phone') then 'phone'
    else 'email'
end
{%- endmacro %}

-- True of an address in one of the company's own mail domains (setting JOURNEYS_OWN_DOMAINS).
{% macro is_own_address(address) -%}
coalesce(split_part({{ address }}, '@', -1) in (
    {%- for domain in var('own_domains') %}
    '{{ domain | trim | lower }}'{{ ',' if not loop.last }}
    {%- endfor %}
), false)
{%- endmacro %}

-- The tags in an audit's field value: a JSON list, or, in old audits, words.
{% macro ticket_tag_list(value) -%}
case
    when {{ value }} is null or {{ value }} = '' then []
    when starts_with({{ value }}, '[') then from_json({{ value }}, '["VARCHAR"]')
    else string_split({{ value }}, ' ')
end
{%- endmacro %}

-- Of a mail `r`, typed: the addresses on it that are not the company's own, in order.
{% macro mail_outsiders(r) -%}
list_sort(list_distinct(list_filter(
    list_concat([{{ r }}."from"], list_concat({{ r }}."to", {{ r }}.cc)),
    lambda x: x is not null and not {{ is_own_address('x') }}
)))
{%- endmacro %}

-- Of a mail `r`, typed: its subject without what answering and passing on put before it.
{% macro mail_topic(r) -%}
lower(trim(regexp_replace(
    coalesce({{ r }}.subject, ''),
    '(?i)^(\s*(re|fwd?|aw|wg|sv|vs|antw|tr|rv|rif|odp)(\[[0-9]+\])?\s*:)+',
    ''
)))
{%- endmacro %}

-- Of a mail `r`, typed: the order number in its subject or its text, or null. What the customer
-- quotes below is not what they write.
{% macro mail_order(r) -%}
coalesce(
    {{ order_number(r ~ '.subject') }},
    {{ order_number("regexp_replace(regexp_replace(" ~ r ~ ".text, '(?m)^>.*$', '', 'g'), '(?s)\n-- ?\n.*$', '')") }}
)
{%- endmacro %}

-- Of a Zendesk ticket `r`, typed: the order that it is about, or null. Its own field, a tag
-- 'order_1001', an external id that says that it is one, the subject line. Ticket fields that hold an
-- order number are named by id: {'zendesk_order_fields': ['360001']}.
{% macro zendesk_order(r) -%}
{%- set order_fields = var('zendesk_order_fields', []) or ['none'] -%}
coalesce(
    nullif(upper(ltrim(trim(list_filter(
        {{ r }}.custom_fields, lambda x: list_contains({{ order_fields }}, x.id)
    )[1].value), '#')), ''),
    nullif(upper(regexp_extract(
        list_filter({{ r }}.tags, lambda x: regexp_matches(x, '(?i)^order[_:-]?[a-z0-9-]*[0-9]$'))[1],
        '(?i)^order[_:-]?([a-z0-9-]*[0-9])$',
        1
    )), ''),
    nullif(upper(regexp_extract(
        {{ r }}.external_id, '(?i)^(?:order[ :/#_-]*|#)([a-z0-9-]*[0-9])$', 1
    )), ''),
    {{ order_number(r ~ '.subject') }}
)
{%- endmacro %}
