-- One row per signal on an issue: by which numbers its issue and the repeat group in it are known (the
-- first signal of each), how many of the group the issue has seen in the window, and which channel
-- was used last.
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
        coalesce(first_value(signal_id) over history, signal_id) as issue_number,
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

switches_seen as (

    select
        channels_known.signal_id,
        channels_known.issue_number,
        channels_known.occurred_second,
        channels_known.repeat_group,
        coalesce(
            channels_known.is_customer_initiated
            and not channels_known.is_context_carried
            and channels_known.channel <> channels_known.previous_channel
            and channels_known.occurred_second - channels_known.previous_channel_second
            <= rule.switch_window_seconds,
            false
        ) as is_switch

    from channels_known
    cross join rule

),

repeats_seen as (

    select
        *,
        first_value(signal_id) over grouped as group_number,
        -- The group is in time order: the one n places before is in the window or none beyond it is.
        {%- for n in range(1, 4) %}
        lag(occurred_second, {{ n }}) over grouped as second_{{ n }}_before
        {{- ',' if not loop.last }}
        {%- endfor %}

    from switches_seen
    where repeat_group is not null

    window grouped as (
        partition by issue_number, repeat_group
        order by signal_id
    )

),

final as (

    select
        repeats_seen.signal_id,
        repeats_seen.issue_number,
        repeats_seen.group_number,
        case
            {%- for n in range(3, 0, -1) %}
            when
                repeats_seen.occurred_second - repeats_seen.second_{{ n }}_before
                <= rule.repeat_window_seconds
                then {{ n + 1 }}
            {%- endfor %}
            else 1
        end as repeat_number,
        repeats_seen.is_switch

    from repeats_seen
    cross join rule

    union all

    select
        signal_id,
        issue_number,
        cast(null as bigint) as group_number,
        1 as repeat_number,
        is_switch

    from switches_seen
    where repeat_group is null

)

select * from final
