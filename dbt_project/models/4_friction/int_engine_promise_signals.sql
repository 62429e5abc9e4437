-- One row per signal that the promise engine makes: promises made, updated and kept, on no
-- interaction; and what customers had to do or hear meanwhile, on theirs.

with

promises as (

    select * from {{ ref('int_engine_promises') }}

),

promise_contacts as (

    select * from {{ ref('int_promise_contacts') }}

),

contacts as (

    select * from {{ ref('int_subject_contacts') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
steps as (

    select
        interaction_id,
        customer_id,
        issue_id,
        occurred_at,
        signal

    from {{ ref('int_journey_steps') }}

),

campaigns as (

    select * from {{ ref('int_journey_steps') }}
    where is_marketing and is_delivered and direction = 'outbound' and signal is null

),

appointment_signals as (

    select * from {{ ref('int_appointments_signals') }}
    where signal = 'visit.no_show'

),

no_shows as (

    select
        steps.customer_id,
        steps.issue_id,
        steps.occurred_at

    from steps
    left join appointment_signals on steps.interaction_id = appointment_signals.interaction_id
    where steps.signal = 'visit.no_show' or appointment_signals.interaction_id is not null

),

-- One failure, one charge: the no-show, which says more than the breach.
charged_as_no_show as (

    select distinct promises.promise_id

    from promises
    inner join no_shows
        on
            promises.customer_id = no_shows.customer_id
            and promises.issue_id = no_shows.issue_id
            and promises.made_at <= no_shows.occurred_at
            and promises.due_until >= no_shows.occurred_at
    where promises.promise_kind = 'appointment' and promises.cancelled_by = 'company'

),

marked as (

    select
        promises.*,
        charged_as_no_show.promise_id is not null as is_charged_as_no_show

    from promises
    left join charged_as_no_show on promises.promise_id = charged_as_no_show.promise_id

),

-- What the scoring may hold against the company: nothing of an unknown promise, or of one that
-- the customer took back in time; what the company called off is broken when it did so.
dues as (

    select
        *,
        case
            when state = 'unknown' then null
            when is_charged_as_no_show then null
            when state = 'superseded' and is_taken_over then null
            -- What became of the later date changes nothing of the earlier one.
            when state = 'superseded' then due_until
            when cancelled_by = 'customer' and cancelled_at <= due_until then null
            when cancelled_by = 'company' then least(due_until, cancelled_at)
            else due_until
        end as scored_due_at,
        -- After its due, nobody knows whether the clock of an unknown promise still ran.
        least(
            case
                when state = 'unknown' then due_until
                else {{ instant(epoch_micros('due_until') ~ ' + 16 * 86400000000') }}
            end,
            coalesce(ended_at, timestamp '9999-01-01 00:00:00')
        ) as clock_ends_at

    from marked

),

promise_signals as (

    select
        promise_id,
        'promise.made' as signal,
        made_at as occurred_at,
        made_event_id as event_id,
        made_recorded_at as recorded_at,
        scored_due_at as due_at

    from dues

    union all

    select
        promise_id,
        'promise.updated' as signal,
        replaced_at as occurred_at,
        replaced_event_id as event_id,
        replaced_recorded_at as recorded_at,
        cast(null as timestamp) as due_at

    from dues
    where replaced_at is not null

    union all

    -- Nobody is silent about what is called off. A microsecond later than the breach: an update
    -- in time would heal it.
    select
        promise_id,
        'promise.updated' as signal,
        case
            when cancelled_at <= scored_due_at then {{ instant(epoch_micros('cancelled_at') ~ ' + 1') }}
            else cancelled_at
        end as occurred_at,
        cancelled_event_id as event_id,
        cancelled_recorded_at as recorded_at,
        cast(null as timestamp) as due_at

    from dues
    where
        replaced_at is null
        and cancelled_at is not null
        and scored_due_at is not null

    union all

    select
        promise_id,
        'promise.kept' as signal,
        kept_at as occurred_at,
        kept_event_id as event_id,
        kept_recorded_at as recorded_at,
        cast(null as timestamp) as due_at

    from dues
    where
        replaced_at is null
        and state in ('kept_early', 'kept_on_time', 'kept_late')

),

-- One contact is one chase or one check-in, however many promises it is about.
asked as (

    select
        interaction_id,
        case
            when max(case when is_chase then 1 else 0 end) = 1 then 'contact.chase'
            else 'contact.problem'
        end as signal

    from promise_contacts
    group by interaction_id

),

excuses as (

    select distinct excuse_interaction_id as interaction_id
    from promise_contacts
    where excuse_interaction_id is not null

),

contact_signals as (

    select
        interaction_id,
        100 as signal_position,
        signal

    from asked

    union all

    select
        interaction_id,
        101 as signal_position,
        'agent.no_ownership' as signal

    from excuses

),

sold_at as (

    -- A clock is open until the promise ends, at most for 16 days after its due.
    select distinct campaigns.interaction_id
    from campaigns
    inner join dues
        on
            campaigns.customer_id = dues.customer_id
            and campaigns.occurred_at > dues.made_at
            and campaigns.occurred_at < dues.clock_ends_at

),

final as (

    select
        promises.customer_id,
        promise_signals.occurred_at,
        promises.promise_id || replace(promise_signals.signal, 'promise.', ':') as record_key,
        promises.source,
        0 as signal_position,
        cast(null as string) as interaction_id,
        promise_signals.event_id,
        cast(null as string) as channel,
        coalesce(promises.touchpoint, promises.promise_kind) as touchpoint,
        promise_signals.signal,
        promises.issue_id,
        promises.phase,
        false as is_moment_of_truth,
        false as is_context_carried,
        cast(null as bigint) as measure,
        promises.promise_id,
        promise_signals.due_at,
        promises.location_id,
        promises.employee_id,
        -- The message about it does, as an interaction.
        false as ends_silence,
        false as is_credit_only,
        promise_signals.recorded_at

    from promise_signals
    inner join promises on promise_signals.promise_id = promises.promise_id

    union all

    select
        contacts.customer_id,
        contacts.occurred_at,
        contacts.record_key,
        contacts.source,
        contact_signals.signal_position,
        contacts.interaction_id,
        contacts.event_id,
        contacts.channel,
        contacts.touchpoint,
        contact_signals.signal,
        contacts.issue_id,
        contacts.phase,
        contacts.is_moment_of_truth,
        contacts.is_context_carried,
        cast(null as bigint) as measure,
        cast(null as string) as promise_id,
        cast(null as timestamp) as due_at,
        contacts.location_id,
        contacts.employee_id,
        contacts.is_customer_contact or contacts.is_human_contact as ends_silence,
        false as is_credit_only,
        contacts.recorded_at

    from contact_signals
    inner join contacts on contact_signals.interaction_id = contacts.interaction_id

    union all

    select
        campaigns.customer_id,
        campaigns.occurred_at,
        campaigns.record_key,
        campaigns.source,
        102 as signal_position,
        campaigns.interaction_id,
        campaigns.event_id,
        campaigns.channel,
        campaigns.touchpoint,
        'comms.company_centred' as signal,
        campaigns.issue_id,
        campaigns.phase,
        campaigns.is_moment_of_truth,
        campaigns.is_context_carried,
        cast(null as bigint) as measure,
        cast(null as string) as promise_id,
        cast(null as timestamp) as due_at,
        campaigns.location_id,
        campaigns.employee_id,
        false as ends_silence,
        false as is_credit_only,
        campaigns.recorded_at

    from campaigns
    inner join sold_at on campaigns.interaction_id = sold_at.interaction_id

)

select * from final
