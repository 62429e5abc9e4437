-- One row per journey that was reopened or handed on: how often. Counted within a conversation, so
-- that two tickets on one order do not seem to reopen each other. Who has it is a matter of groups where
-- the log tells them, as ticket systems count, else of persons.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

standing as (

    select distinct kind

    from {{ ref('journey_types') }}
    where milestone = 'standing'

),

told as (

    select
        steps.journey_id,
        steps.customer_id,
        steps.source,
        steps.conversation_key,
        steps.step_number,
        steps.occurred_at,
        steps.record_type,
        steps.record_key,
        steps.kind,
        standing.kind is not null as is_standing,
        steps.kind in ('solved', 'closed') as is_closing,
        -- A step of Zendesk names who made the change, not whom it went to: its kinds say that.
        case when steps.source != 'zendesk' then steps.location_id end as group_id,
        case when steps.source != 'zendesk' then steps.employee_id end as holder_id,
        -- A log told to the minute has many updates of one instant: the tenth is later than the ninth.
        regexp_replace(
            regexp_replace(steps.record_key, '(\d+)', '00000000000000000000\1', 'g'),
            '\d*(\d{20})', '\1', 'g'
        ) as record_order

    from steps
    left join standing on steps.kind = standing.kind
    where
        standing.kind is not null
        or steps.kind in (
            'solved', 'closed', 'reopened', 'assigned', 'unassigned', 'reassigned', 'transferred'
        )

),

compared as (

    select
        *,
        lag(
            case when is_closing then 'closing' when is_standing or kind = 'reopened' then 'open' end
            ignore nulls
        ) over history as stood,
        lag(
            case when kind in ('assigned', 'unassigned', 'reassigned', 'transferred') then kind end
            ignore nulls
        ) over history as last_assignment,
        lag(group_id ignore nulls) over history as last_group_id,
        lag(holder_id ignore nulls) over history as last_holder_id,
        count(group_id) over (partition by journey_id, source, conversation_key) > 0 as names_groups

    from told

    window history as (
        partition by journey_id, source, conversation_key
        order by occurred_at, record_order, step_number
    )

),

judged as (

    select
        journey_id,
        customer_id,
        source,
        record_type,
        record_key,
        kind = 'reopened' or (is_standing and coalesce(stood = 'closing', false)) as is_reopening,
        kind in ('reassigned', 'transferred')
        or (kind = 'assigned' and coalesce(last_assignment = 'unassigned', false))
        or coalesce(group_id != last_group_id, false)
        or (not names_groups and coalesce(holder_id != last_holder_id, false)) as is_handing_on

    from compared

),

-- A record hands on once, whatever it changes.
records as (

    select
        journey_id,
        customer_id,
        source,
        record_type,
        record_key,
        count(*) filter (where is_reopening) as reopen_count,
        max(case when is_handing_on then 1 else 0 end) as reassignment_count

    from judged
    group by
        journey_id,
        customer_id,
        source,
        record_type,
        record_key

),

final as (

    select
        journey_id,
        customer_id,
        cast(sum(reopen_count) as bigint) as reopen_count,
        cast(sum(reassignment_count) as bigint) as reassignment_count

    from records
    group by
        journey_id,
        customer_id
    having sum(reopen_count) > 0 or sum(reassignment_count) > 0

)

select * from final
