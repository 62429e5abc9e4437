-- One row per signal to be scored, those of promises' clocks included, numbered in the order of
-- its customer. The numbers are the keys of this layer: later models join and sort on one integer.
-- The event of a signal with an interaction is found there: writing it again costs more than sorting.

with

signals as (

    select * from {{ ref('int_signals') }}

),

promise_signals as (

    select * from {{ ref('int_promise_signals') }}

),

terms as (

    select * from {{ ref('int_promise_verdicts') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

rule as (

    select * from {{ ref('int_friction_rule') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
customers_seen as (

    select distinct customer_id from {{ ref('int_signals') }}

),

customers as (

    select
        customer_id,
        row_number() over (order by customer_id)
        {%- if var('scope') == 'slice' %}
        -- The other customers keep their numbers.
        + (select coalesce(max(customer_number), 0) from {{ this.incorporate(path={'schema': target.schema}) }})
        {%- endif %} as customer_number

    from customers_seen

),

recorded as (

    select
        signals.customer_id,
        signals.occurred_at,
        signals.record_key,
        signals.source,
        signals.signal_position,
        signals.interaction_id,
        case when signals.interaction_id is null then signals.event_id end as event_id,
        signals.journey_id,
        signals.channel,
        signals.touchpoint,
        signals.signal,
        signals.issue_id,
        signals.phase,
        signals.is_moment_of_truth,
        signals.is_context_carried,
        signals.measure,
        signals.promise_id,
        signals.location_id,
        signals.employee_id,
        signals.is_credit_only,
        -- A promise is kept once: the first counts, and only if in time.
        signals.signal = 'promise.kept'
        and terms.promise_id is not null
        and (
            coalesce(signals.occurred_at > terms.due_at, false)
            or signals.occurred_at <> terms.kept_occurred_at
            or signals.record_key <> terms.kept_record_key
            or signals.source <> terms.kept_source
            or signals.signal_position <> terms.kept_signal_position
        ) as is_late_or_repeated,
        false as is_derived

    from signals
    left join terms
        on
            signals.customer_id = terms.customer_id
            and signals.promise_id = terms.promise_id

    union all

    select
        customer_id,
        occurred_at,
        record_key,
        source,
        signal_position,
        interaction_id,
        case when interaction_id is null then event_id end as event_id,
        journey_id,
        null as channel,
        touchpoint,
        signal,
        issue_id,
        phase,
        false as is_moment_of_truth,
        false as is_context_carried,
        null as measure,
        promise_id,
        location_id,
        null as employee_id,
        false as is_credit_only,
        false as is_late_or_repeated,
        true as is_derived

    from promise_signals

),

numbered as (

    select
        customers.customer_number,
        recorded.occurred_at,
        recorded.record_key,
        recorded.source,
        recorded.signal_position,
        recorded.interaction_id,
        recorded.event_id,
        recorded.journey_id,
        recorded.channel,
        recorded.touchpoint,
        recorded.signal,
        recorded.issue_id,
        recorded.phase,
        recorded.is_moment_of_truth,
        recorded.is_context_carried,
        recorded.measure,
        recorded.promise_id,
        recorded.location_id,
        recorded.employee_id,
        recorded.is_credit_only,
        recorded.is_late_or_repeated,
        recorded.is_derived,
        row_number() over (
            partition by customers.customer_number
            -- The last two count only where one record makes two interactions at one time.
            order by
                recorded.occurred_at,
                recorded.record_key,
                recorded.source,
                recorded.signal_position,
                recorded.signal,
                coalesce(recorded.interaction_id, '')
        ) as signal_number

    from recorded
    inner join customers on recorded.customer_id = customers.customer_id
    cross join run
    where recorded.is_derived or recorded.occurred_at <= run.as_of

),

final as (

    select
        numbered.customer_number * 4294967296 + numbered.signal_number as signal_id,
        numbered.*,
        customers.customer_id,
        {{ epoch_second('numbered.occurred_at') }} as occurred_second,
        {{ div(epoch_second('numbered.occurred_at'), 'rule.tick_seconds') }} as occurred_hour

    from numbered
    inner join customers on numbered.customer_number = customers.customer_number
    cross join rule

)

select * from final
