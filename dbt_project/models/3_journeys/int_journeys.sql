-- One row per journey: what opened it, its milestones, and whether it is open, closed or reopened as far
-- as events say. Whether a silence has closed it by the time of the run is for who reads it: journey_status.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

milestones as (

    select * from {{ ref('int_milestones') }}

),

standing as (

    select distinct kind

    from {{ ref('journey_types') }}
    where milestone = 'standing'

),

summed as (

    select
        journey_id,
        customer_id,
        bool_or(is_anonymous) as is_anonymous,
        subject_type,
        subject_key,
        min(occurred_at) as opened_at,
        max(occurred_at) as last_step_at,
        coalesce(max(case when not is_marketing then occurred_at end), min(occurred_at)) as last_active_at,
        count(*) as step_count,
        count(*) filter (where is_human_contact) as contact_count,
        count(*) filter (where is_human_contact and direction = 'inbound') as inbound_contact_count,
        max(occurred_at) filter (
            where
            kind = 'reopened'
            or kind in (select standing.kind from standing)
            or (is_human_contact and direction = 'inbound')
        ) as last_asked_at

    from steps
    group by
        journey_id,
        customer_id,
        subject_type,
        subject_key

),

final as (

    select
        summed.journey_id,
        summed.customer_id,
        summed.is_anonymous,
        summed.subject_type,
        summed.subject_key,
        summed.opened_at,
        summed.last_step_at,
        milestones.committed_at,
        milestones.handed_over_at,
        milestones.ended_at,
        milestones.last_closed_at as closed_at,
        case
            when summed.last_asked_at > milestones.last_closed_at then 'reopened'
            when milestones.last_closed_at is not null then 'closed'
            else 'open'
        end as status,
        summed.last_active_at,
        summed.step_count,
        summed.contact_count,
        summed.inbound_contact_count,
        -- A longer silence closes it, if nothing else has.
        summed.last_active_at + interval '{{ var("journey_gap_days") }} days' as silent_until

    from summed
    left join milestones
        on
            summed.customer_id = milestones.customer_id
            and summed.subject_type = milestones.subject_type
            and summed.subject_key = milestones.subject_key

)

select * from final
