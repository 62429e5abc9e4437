-- One row per signal: the input of scoring. What mapped rows state, and what is found in the rest.

{{ config(materialized='view') }}  -- stated signals stand in int_journey_steps: no second copy

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where signal is not null

),

found as (

    select * from {{ ref('int_found_signals') }}

),

stated as (

    select
        customer_id,
        occurred_at,
        record_key,
        source,
        position as signal_position,
        interaction_id,
        event_id,
        journey_id,
        channel,
        touchpoint,
        signal,
        issue_id,
        phase,
        is_moment_of_truth,
        is_context_carried,
        measure,
        promise_id,
        due_at,
        location_id,
        employee_id,
        channel is not null and signal != 'promise.made' as ends_silence,
        false as is_credit_only,
        recorded_at

    from steps

),

final as (

    select * from stated
    union all
    select * from found

)

select * from final
