-- One row per thing that Zendesk's records say about a promise: SLA clocks, and due dates of tasks.

{%- set zone = "'" ~ var('company_time_zone', 'UTC') ~ "'" %}

with

clocks as (

    select * from {{ ref('stg_zendesk__sla_clocks') }}

),

metric_events as (

    select * from {{ ref('stg_zendesk__metric_events') }}

),

versions as (

    select * from {{ ref('stg_zendesk__ticket_versions') }}

),

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}

),

audit_events as (

    select * from {{ ref('stg_zendesk__audit_events') }}

),

comments as (

    select * from {{ ref('stg_zendesk__comments') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

resolved_for_the_requester as (

    select
        ticket_id,
        min(applied_at) as applied_at

    from clocks
    where promise_kind = 'resolution' and metric != 'agent_work_time'
    group by ticket_id

),

-- One delay, one charge: the agents' working time is a promise only where the customer's waiting
-- time is none; a breach from before that clock started stays.
promised_clocks as (

    select clocks.*
    from clocks
    left join resolved_for_the_requester as resolved on clocks.ticket_id = resolved.ticket_id
    where
        clocks.metric != 'agent_work_time'
        or resolved.ticket_id is null
        or resolved.applied_at > clocks.due_at

),

clocks_made as (

    select
        metric_events.source,
        metric_events.record_type,
        metric_events.record_key,
        metric_events.event_id,
        0 as position,
        metric_events.occurred_at,
        metric_events.recorded_at,
        promised_clocks.ticket_id,
        promised_clocks.clock_key as promise_key,
        promised_clocks.promise_kind,
        'made' as event,
        promised_clocks.due_at,
        promised_clocks.promise_kind = 'resolution' as needs_notice,
        'sla' as confidence

    from promised_clocks
    inner join metric_events
        on
            promised_clocks.clock_key = metric_events.clock_key
            and promised_clocks.applied_at = metric_events.occurred_at
    where metric_events.event_type = 'apply_sla'
    qualify row_number() over (
        partition by metric_events.clock_key
        order by metric_events.record_key
    ) = 1

),

-- A comment and the clock that it stops are written within a minute of each other: the reply that
-- says 'solved' is the notice of it.
clock_notices as (

    select
        promised_clocks.clock_key,
        max(comments.occurred_at) as said_at

    from promised_clocks
    inner join comments
        on
            promised_clocks.ticket_id = comments.ticket_id
            and promised_clocks.fulfilled_at >= comments.occurred_at
            and promised_clocks.fulfilled_at <= comments.occurred_at + interval '60 seconds'
    where
        promised_clocks.promise_kind = 'resolution'
        and comments.is_public
        and not comments.is_by_customer
    group by promised_clocks.clock_key

),

clocks_kept as (

    select
        metric_events.source,
        metric_events.record_type,
        metric_events.record_key,
        metric_events.event_id,
        1 as position,
        coalesce(clock_notices.said_at, metric_events.occurred_at) as occurred_at,
        metric_events.recorded_at,
        promised_clocks.ticket_id,
        promised_clocks.clock_key as promise_key,
        promised_clocks.promise_kind,
        case promised_clocks.promise_kind
            when 'reply' then 'kept'
            else 'kept_internally'
        end as event,
        cast(null as timestamp) as due_at,
        promised_clocks.promise_kind = 'resolution' as needs_notice,
        'sla' as confidence

    from promised_clocks
    inner join metric_events
        on
            promised_clocks.clock_key = metric_events.clock_key
            and promised_clocks.fulfilled_at = metric_events.occurred_at
    left join clock_notices on promised_clocks.clock_key = clock_notices.clock_key
    where metric_events.event_type = 'fulfill'
    qualify row_number() over (
        partition by metric_events.clock_key
        order by metric_events.record_key
    ) = 1

),

-- A task's due date: from the audits, or where they are not exported, from the tickets' versions.
due_changes as (

    select
        source,
        record_type,
        record_key,
        event_id,
        position,
        occurred_at,
        recorded_at,
        ticket_id,
        value as due_text

    from audit_events
    where field_name = 'due_at' and event_type in ('Create', 'Change')

),

due_versions as (

    select
        versions.source,
        versions.record_type,
        versions.record_key,
        versions.event_id,
        100 as position,
        versions.updated_at as occurred_at,
        versions.recorded_at,
        versions.ticket_id,
        versions.due_text,
        lag(versions.due_text) over history as due_text_before

    from versions
    left join due_changes on versions.ticket_id = due_changes.ticket_id
    where due_changes.ticket_id is null

    window history as (partition by versions.ticket_id order by versions.version_rank, versions.event_id)

),

dues as (

    select * from due_changes

    union all

    select * exclude (due_text_before)
    from due_versions
    where due_text is distinct from due_text_before

),

-- A date that is taken away keeps nothing: the one before stands.
dues_numbered as (

    select
        *,
        row_number() over (
            partition by ticket_id
            order by occurred_at, record_key, position, event_id
        ) as due_number

    from dues
    where due_text is not null

),

tasks_made as (

    select
        source,
        record_type,
        record_key,
        event_id,
        position,
        occurred_at,
        recorded_at,
        ticket_id,
        'zendesk/task/' || ticket_id as promise_key,
        'task' as promise_kind,
        case due_number when 1 then 'made' else 'revised' end as event,
        case
            when length(due_text) = 10
                then
                    {{ utc_instant("(cast(due_text as date) + interval '1 day')", zone) }}
                    - interval '1 microsecond'
            else cast(cast(due_text as timestamptz) as timestamp)
        end as due_at,
        length(due_text) = 10 as is_date,
        true as needs_notice,
        'field' as confidence

    from dues_numbered

),

solved as (

    select
        source,
        record_type,
        record_key,
        event_id,
        position,
        occurred_at,
        recorded_at,
        ticket_id

    from audit_events
    where field_name = 'status' and value in ('solved', 'closed')

    union all

    select
        source,
        record_type,
        record_key,
        event_id,
        101 as position,
        updated_at as occurred_at,
        recorded_at,
        ticket_id

    from versions
    where status in ('solved', 'closed')

),

tasks_kept as (

    select
        solved.*,
        'zendesk/task/' || solved.ticket_id as promise_key,
        'task' as promise_kind,
        'kept_internally' as event,
        cast(null as timestamp) as due_at,
        true as needs_notice,
        'field' as confidence

    from solved
    inner join dues_numbered
        on
            solved.ticket_id = dues_numbered.ticket_id
            and dues_numbered.due_number = 1
            and solved.occurred_at >= dues_numbered.occurred_at

),

together as (

    select * from clocks_made
    union all by name
    select * from clocks_kept
    union all by name
    select * from tasks_made
    union all by name
    select * from tasks_kept

),

final as (

    select
        together.source,
        together.record_type,
        together.record_key,
        together.event_id,
        together.position,
        together.occurred_at,
        together.recorded_at,
        together.promise_key,
        together.promise_kind,
        together.event,
        together.due_at,
        coalesce(together.is_date, false) as is_date,
        {{ zone }} as time_zone,
        coalesce(tickets.subject_type, 'ticket') as subject_type,
        coalesce(tickets.subject_key, together.ticket_id) as subject_key,
        together.needs_notice,
        tickets.owner,
        together.confidence

    from together
    left join tickets on together.ticket_id = tickets.ticket_id
    left join clocks on together.promise_key = clocks.clock_key
    where
        together.occurred_at <= (select run.as_of from run)
        and not coalesce(tickets.is_deleted, false)
        -- What a merged ticket still owed, the other owes: but a breach is a breach.
        and not (
            coalesce(tickets.is_merged, false)
            and clocks.clock_key is not null
            and clocks.fulfilled_at is null
            and clocks.breached_at is null
        )

)

select * from final
