-- One row per interaction that a row of a mapped source may give, in the canonical shape: it gives none
-- where it says no time. That is not asked here, as to ask before the times are worked out works them out
-- twice.
-- depends_on: {{ ref('stg_events') }}

{% set columns = [
    'occurred_at',
    'channel',
    'touchpoint',
    'kind',
    'direction',
    'subject_type',
    'subject_key',
    'phase',
    'is_moment_of_truth',
    'is_context_carried',
    'is_automated',
    'is_marketing',
    'is_delivered',
    'is_human_contact',
    'signal',
    'measure',
    'promise_id',
    'due_at',
    'location_id',
    'employee_id',
    'outcome',
    'reason',
    'conversation_key',
    'promise_event',
] %}

with

{% if var('mappings') | map(attribute='interactions') | sum(start=[]) %}
mapped as (

    {{ mapped_rows(columns) }}

),
{% else %}
mapped as (

    select
        cast(null as varchar) as event_id,
        cast(null as varchar) as source,
        cast(null as varchar) as record_type,
        cast(null as varchar) as record_key,
        cast(null as timestamp) as recorded_at,
        cast(null as integer) as position,
        cast(null as timestamp) as occurred_at,
        cast(null as varchar) as channel,
        cast(null as varchar) as touchpoint,
        cast(null as varchar) as kind,
        cast(null as varchar) as direction,
        cast(null as varchar) as subject_type,
        cast(null as varchar) as subject_key,
        cast(null as varchar) as phase,
        cast(null as boolean) as is_moment_of_truth,
        cast(null as boolean) as is_context_carried,
        cast(null as boolean) as is_automated,
        cast(null as boolean) as is_marketing,
        cast(null as boolean) as is_delivered,
        cast(null as boolean) as is_human_contact,
        cast(null as varchar) as signal,
        cast(null as bigint) as measure,
        cast(null as varchar) as promise_id,
        cast(null as timestamp) as due_at,
        cast(null as varchar) as location_id,
        cast(null as varchar) as employee_id,
        cast(null as varchar) as outcome,
        cast(null as varchar) as reason,
        cast(null as varchar) as conversation_key,
        cast(null as varchar) as promise_event

    where false

),
{% endif %}

final as (

    select
        {{ interaction_id() }} as interaction_id,
        event_id,
        source,
        record_type,
        record_key,
        position,
        occurred_at,
        recorded_at,
        channel,
        touchpoint,
        kind,
        direction,
        source || '/' || conversation_key as conversation_key,
        subject_type,
        subject_key,
        phase,
        is_moment_of_truth,
        is_context_carried,
        is_automated,
        is_marketing,
        is_delivered,
        is_human_contact,
        signal,
        measure,
        case when promise_event is null then promise_id end as promise_id,
        case when promise_event is null then due_at end as due_at,
        location_id,
        employee_id,
        cast(null as bigint) as wait_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as talk_seconds,
        outcome,
        reason

    from mapped

)

select * from final
