-- One row per promise that signals speak of: what was promised, and when it was first kept,
-- first updated, broken, and no longer met with silence.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_signals') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
words as (

    select * from {{ ref('int_signals') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

promise_signals as (

    select
        signals.customer_id,
        signals.promise_id,
        signals.signal,
        signals.occurred_at,
        signals.record_key,
        signals.source,
        signals.signal_position,
        signals.event_id,
        signals.interaction_id,
        signals.journey_id,
        signals.issue_id,
        signals.phase,
        signals.touchpoint,
        signals.location_id,
        signals.due_at,
        -- record_key, source and position break ties: every window of this layer has this order.
        row_number() over (
            partition by signals.customer_id, signals.promise_id, signals.signal
            order by signals.occurred_at, signals.record_key, signals.source, signals.signal_position
        ) as place

    from signals
    cross join run
    where
        signals.promise_id is not null
        and signals.signal in ('promise.made', 'promise.updated', 'promise.kept')
        and signals.occurred_at <= run.as_of

),

terms as (

    select
        customer_id,
        promise_id,
        min(case when signal = 'promise.made' then due_at end) as due_at,
        min(case when signal = 'promise.updated' then occurred_at end) as first_updated_at,
        {%- for column in ['occurred_at', 'record_key', 'source', 'signal_position'] %}
        max(case when signal = 'promise.kept' and place = 1 then {{ column }} end) as kept_{{ column }},
        {%- endfor %}
        {%- for column in [
            'source', 'event_id', 'interaction_id', 'journey_id', 'issue_id', 'phase', 'touchpoint',
            'location_id'
        ] %}
        max(case when signal = 'promise.made' and place = 1 then {{ column }} end) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}

    from promise_signals
    group by customer_id, promise_id

),

verdicts as (

    select
        *,
        due_at is not null
        and not coalesce(kept_occurred_at <= due_at, false)
        and not coalesce(first_updated_at <= due_at, false) as is_broken

    from terms

),

broken as (

    select
        customer_id,
        promise_id,
        issue_id,
        due_at

    from verdicts
    where is_broken

),

answers as (

    select
        broken.customer_id,
        broken.promise_id,
        promise_signals.occurred_at

    from promise_signals
    inner join broken
        on
            promise_signals.customer_id = broken.customer_id
            and promise_signals.promise_id = broken.promise_id
    where
        promise_signals.signal in ('promise.kept', 'promise.updated')
        and promise_signals.occurred_at > broken.due_at

    union all

    select
        broken.customer_id,
        broken.promise_id,
        words.occurred_at

    from words
    inner join broken
        on
            words.customer_id = broken.customer_id
            and words.issue_id = broken.issue_id
    cross join run
    where
        words.ends_silence
        and words.occurred_at > broken.due_at
        and words.occurred_at <= run.as_of

),

silences_ended as (

    select
        customer_id,
        promise_id,
        min(occurred_at) as silence_ended_at

    from answers
    group by customer_id, promise_id

),

final as (

    select
        verdicts.*,
        silences_ended.silence_ended_at

    from verdicts
    left join silences_ended
        on
            verdicts.customer_id = silences_ended.customer_id
            and verdicts.promise_id = silences_ended.promise_id

)

select * from final
