-- One row per promise event that a row of a mapped source states; rows with a signal state none.
-- depends_on: {{ ref('stg_events') }}

{% set columns = [
    'occurred_at',
    'promise_event',
    'promise_id',
    'promise_kind',
    'due_at',
    'is_date',
    'time_zone',
    'subject_type',
    'subject_key',
    'needs_notice',
    'employee_id',
    'calendar_id',
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
        cast(null as varchar) as promise_event,
        cast(null as varchar) as promise_id,
        cast(null as varchar) as promise_kind,
        cast(null as timestamp) as due_at,
        cast(null as boolean) as is_date,
        cast(null as varchar) as time_zone,
        cast(null as varchar) as subject_type,
        cast(null as varchar) as subject_key,
        cast(null as boolean) as needs_notice,
        cast(null as varchar) as employee_id,
        cast(null as varchar) as calendar_id

    where false

),
{% endif %}

run as (

    select * from {{ ref('stg_run') }}

),

final as (

    select
        source,
        record_type,
        record_key,
        event_id,
        position,
        occurred_at,
        recorded_at,
        source || '/' || promise_id as promise_key,
        promise_kind,
        promise_event as event,
        due_at,
        is_date,
        time_zone,
        calendar_id,
        subject_type,
        subject_key,
        needs_notice,
        employee_id as owner,
        'field' as confidence

    from mapped
    where
        mapped.occurred_at <= (select run.as_of from run)
        and promise_event is not null

)

select * from final
