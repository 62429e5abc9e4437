-- One row per signal on an issue that may repeat or switch the channel: how many of its repeat
-- group the issue has seen in the window, and which channel was used last.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

catalogue as (

    select * from {{ ref('friction_catalogue') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

on_an_issue as (

    select
        signals.signal_id,
        signals.customer_number,
        signals.issue_id,
        signals.channel,
        signals.is_context_carried,
        signals.occurred_second,
        case when signals.channel is not null then signals.occurred_second end as channel_second,
        catalogue.repeat_group,
        catalogue.is_customer_initiated

    from signals
    cross join rule
    inner join catalogue
        on
            signals.signal = catalogue.signal
            and rule.rule_version = catalogue.rule_version
    where signals.issue_id is not null

),

channels_known as (

    select
        signal_id,
        customer_number,
        issue_id,
        channel,
        is_context_carried,
        occurred_second,
        repeat_group,
        is_customer_initiated,
        {{ last_known('channel', 'history') }} as previous_channel,
        {{ last_known('channel_second', 'history') }} as previous_channel_second

    from on_an_issue

    window history as (
        partition by customer_number, issue_id
        order by signal_id
        rows between unbounded preceding and 1 preceding
    )

),

candidates as (

    select *
    from channels_known
    where repeat_group is not null or is_customer_initiated

),

repeats_seen as (

    select
        *,
        -- The group is in time order: the one n places before is in the window or none beyond it is.
        {%- for n in range(1, 4) %}
        lag(occurred_second, {{ n }}) over grouped as second_{{ n }}_before
        {{- ',' if not loop.last }}
        {%- endfor %}

    from candidates

    window grouped as (
        partition by customer_number, issue_id, repeat_group
        order by signal_id
    )

),

final as (

    select
        repeats_seen.signal_id,
        case
            when repeats_seen.repeat_group is null then 1
            {%- for n in range(3, 0, -1) %}
            when
                repeats_seen.occurred_second - repeats_seen.second_{{ n }}_before
                <= rule.repeat_window_seconds
                then {{ n + 1 }}
            {%- endfor %}
            else 1
        end as repeat_number,
        repeats_seen.previous_channel,
        repeats_seen.occurred_second - repeats_seen.previous_channel_second as seconds_since_channel,
        coalesce(
            repeats_seen.is_customer_initiated
            and not repeats_seen.is_context_carried
            and repeats_seen.channel <> repeats_seen.previous_channel
            and repeats_seen.occurred_second - repeats_seen.previous_channel_second
            <= rule.switch_window_seconds,
            false
        ) as is_switch

    from repeats_seen
    cross join rule

)

select * from final
