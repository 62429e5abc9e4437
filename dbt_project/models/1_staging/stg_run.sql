-- One row: the two times of this run, resolved, and what it was made from.

{{ config(materialized='table') }}

with

events as (

    select
        batch_id,
        source,
        record_type,
        occurred_at,
        recorded_at

    from {{ source('event_log', 'events') }}
    {% if var('known_at') %}
        where recorded_at <= cast('{{ var("known_at") }}' as timestamp)
    {% endif %}

),

final as (

    select
        -- What the batches cover; in a log without headers, what occurred before its recording.
        -- Who decides today who somebody was in spring moves no clock.
        coalesce(
            {% if var('as_of') %}cast('{{ var("as_of") }}' as timestamp),{% endif %}
            max(occurred_at) filter (where record_type = 'batch' and source != 'decisions'),
            max(occurred_at) filter (where occurred_at <= recorded_at and source != 'decisions'),
            timestamp '1970-01-01 00:00:00'
        ) as as_of,
        coalesce(
            {% if var('known_at') %}cast('{{ var("known_at") }}' as timestamp),{% endif %}
            max(recorded_at),
            timestamp '1970-01-01 00:00:00'
        ) as known_at,
        '{{ var("rule_version") }}' as rule_version,
        md5(coalesce(string_agg(distinct batch_id, ',' order by batch_id), '')) as log_position

    from events

)

select * from final
