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
