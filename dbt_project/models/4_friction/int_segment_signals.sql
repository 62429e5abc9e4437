-- One row per signal that web events give. See the table in its description.

with

events as (

    select * from {{ ref('stg_segment__events') }}
    where not is_automated

),

run as (

    select * from {{ ref('stg_run') }}

),

thresholds as (

    select
        max(value) filter (where name = 'rage_click_px') as rage_click_px,
        max(value) filter (where name = 'rage_click_ms') * interval 1 millisecond as rage_click_span,
        max(value) filter (where name = 'error_click_ms') * interval 1 millisecond
            as error_click_span,
        max(value) filter (where name = 'u_turn_ms') * interval 1 millisecond as u_turn_span,
        max(value) filter (where name = 'validation_attempt_ms') * interval 1 millisecond
            as validation_attempt_span,
        max(value) filter (where name = 'validation_loop_minutes') * interval 1 minute
            as validation_loop_span

    from {{ ref('web_thresholds') }}
    where rule_version = (select run.rule_version from run)

),

-- What needs no look at other events.
plain as (

    select
        record_key,
        case event
            when 'Page Loaded' then 'web.slow_page'
            when 'Products Searched' then 'web.search_no_result'
            when 'Login Failed' then 'web.login_failure'
            when 'Form Abandoned' then 'web.form_abandoned'
            when 'Error Shown' then 'web.task_error'
        end as signal,
        case when event = 'Page Loaded' then load_ms end as measure

    from events
    where
        (event = 'Page Loaded' and load_ms is not null)
        or (event = 'Products Searched' and result_count = 0)
        or (event = 'Error Shown' and is_blocking)
        or event in ('Login Failed', 'Form Abandoned')

),

clicks as (

    select * from events
    where event = 'Element Clicked'

),

clicks_compared as (

    select
        record_key,
        visitor_key,
        selector,
        occurred_at,
        had_effect,
        x,
        y,
        lag(x) over history as previous_x,
        lag(y) over history as previous_y,
        lag(occurred_at, 2) over history as third_last_at,
        lag(x, 2) over history as third_last_x,
        lag(y, 2) over history as third_last_y

    from clicks

    window history as (
        partition by visitor_key, selector
        order by occurred_at, record_key
    )

),

clicks_measured as (

    select
        clicks_compared.*,
        -- A triple click selects text, and a stepper is made to be clicked again and again.
        coalesce(
            clicks_compared.occurred_at - clicks_compared.third_last_at
            <= thresholds.rage_click_span
            and greatest(
                pow(clicks_compared.x - clicks_compared.previous_x, 2)
                + pow(clicks_compared.y - clicks_compared.previous_y, 2),
                pow(clicks_compared.x - clicks_compared.third_last_x, 2)
                + pow(clicks_compared.y - clicks_compared.third_last_y, 2),
                pow(clicks_compared.previous_x - clicks_compared.third_last_x, 2)
                + pow(clicks_compared.previous_y - clicks_compared.third_last_y, 2)
            ) <= pow(thresholds.rage_click_px, 2)
            and not regexp_matches(
                clicks_compared.selector,
                'textarea|contenteditable|stepper|quantity|qty|spin|increment|decrement|plus|minus'
            )
            and not (
                regexp_matches(clicks_compared.selector, '(^|[^a-z])input')
                and not regexp_matches(
                    clicks_compared.selector, 'type=.?(submit|button|image|checkbox|radio)'
                )
            ),
            false
        ) as is_third_in_anger

    from clicks_compared
    cross join thresholds

),

clicks_judged as (

    select
        record_key,
        case
            when not is_third_in_anger and not had_effect then 'web.dead_click'
            -- A longer burst is one burst: it fires where it becomes one.
            when
                is_third_in_anger
                and not coalesce(lag(is_third_in_anger) over history, false)
                then 'web.rage_click'
        end as signal

    from clicks_measured

    window history as (
        partition by visitor_key, selector
        order by occurred_at, record_key
    )

),

clicks_and_errors as (

    select
        record_key,
        event,
        occurred_at,
        is_blocking,
        max(case when event = 'Element Clicked' then occurred_at end) over (
            partition by visitor_key
            order by occurred_at, record_key
            rows between unbounded preceding and 1 preceding
        ) as clicked_at

    from events
    where event in ('Element Clicked', 'Error Shown')

),

error_clicks as (

    select
        clicks_and_errors.record_key,
        'web.error_click' as signal

    from clicks_and_errors
    cross join thresholds
    where
        clicks_and_errors.event = 'Error Shown'
        and not coalesce(clicks_and_errors.is_blocking, false)
        and clicks_and_errors.occurred_at - clicks_and_errors.clicked_at
        <= thresholds.error_click_span

),

views_compared as (

    select
        record_key,
        occurred_at,
        page_key,
        lag(page_key) over history as previous_page_key,
        lag(occurred_at) over history as previous_at,
        lag(page_key, 2) over history as third_last_page_key

    from events
    where page_key is not null

    window history as (
        partition by visitor_key
        order by occurred_at, record_key
    )

),

u_turns as (

    select
        views_compared.record_key,
        'web.u_turn' as signal

    from views_compared
    cross join thresholds
    where
        views_compared.page_key = views_compared.third_last_page_key
        and views_compared.page_key != views_compared.previous_page_key
        and views_compared.occurred_at - views_compared.previous_at <= thresholds.u_turn_span

),

form_events as (

    select
        record_key,
        visitor_key,
        form_id,
        event,
        occurred_at,
        count(*) filter (where event = 'Form Submitted') over history as submission_count

    from events
    where event in ('Form Validation Failed', 'Form Submitted') and form_id is not null

    window history as (
        partition by visitor_key, form_id
        order by occurred_at, record_key
    )

),

failures_compared as (

    select
        record_key,
        occurred_at,
        lag(occurred_at) over (
            partition by visitor_key, form_id, submission_count
            order by occurred_at, record_key
        ) as failed_before_at

    from form_events
    where event = 'Form Validation Failed'

),

validation_loops as (

    select
        failures_compared.record_key,
        'web.validation_loop' as signal

    from failures_compared
    cross join thresholds
    where
        failures_compared.occurred_at - failures_compared.failed_before_at
        > thresholds.validation_attempt_span
        and failures_compared.occurred_at - failures_compared.failed_before_at
        <= thresholds.validation_loop_span

),

found as (

    select
        record_key,
        signal,
        measure

    from plain

    union all

    select
        record_key,
        signal,
        cast(null as bigint) as measure

    from clicks_judged
    where signal is not null

    union all

    select
        record_key,
        signal,
        cast(null as bigint) as measure

    from error_clicks

    union all

    select
        record_key,
        signal,
        cast(null as bigint) as measure

    from u_turns

    union all

    select
        record_key,
        signal,
        cast(null as bigint) as measure

    from validation_loops

),

-- No event gives two signals: each comes from an event, or a kind of error, of its own.
final as (

    select
        {{ surrogate_key(["'segment'", "'event'", 'record_key', '0']) }} as interaction_id,
        0 as signal_position,
        signal,
        measure

    from found

)

select * from final
