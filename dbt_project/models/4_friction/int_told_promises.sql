-- One row per promise and, linked to it, per new date that the customer was given; also those that
-- mapped sources state as signals; whoever the customer is.

{{ config(materialized='view') }}  -- read by the two tables of promises, each with its own customers

with

engine_promises as (

    select * from {{ ref('int_engine_promises').include(database=false) }}

),

stated_promises as (

    select * from {{ ref('int_stated_promises').include(database=false) }}

),

run as (

    select * from {{ ref('stg_run').include(database=false) }}

),

-- Silent days are added by the passing of time alone: nobody's promise is looked at again for that.
moved_on as (

    select
        stated_promises.*,
        case
            when stated_promises.state = 'broken_open'
                then greatest(
                    {{ local_day('run.as_of', "'UTC'") }}
                    - 1
                    - greatest(stated_promises.last_day, stated_promises.due_day),
                    0
                )
            else 0
        end as days_since

    from stated_promises
    cross join run

),

final as (

    select
        -- keys
        promise_id,
        customer_id,
        issue_id,
        previous_promise_id,
        parent_promise_id,

        -- what was promised, by whom
        promise_kind,
        confidence,
        owner,
        is_orphan,
        needs_notice,
        made_at,
        due_at,
        time_zone,
        calendar_id,

        -- what became of it
        state,
        is_broken,
        broken_at,
        replaced_at as revised_at,
        kept_internally_at,
        told_at,
        kept_at as kept_for_customer_at,
        cancelled_at,

        -- what the customer went through
        cast(overdue_days as bigint) as overdue_days,
        silent_days,
        informed_days,
        cast(knowing_days as bigint) as knowing_days,
        chase_count,
        check_in_count,
        excuse_count,

        -- where it was made
        source,
        record_key as source_key,
        touchpoint,
        location_id

    from engine_promises

    union all

    select
        promise_id,
        customer_id,
        issue_id,
        cast(null as string) as previous_promise_id,
        cast(null as string) as parent_promise_id,
        cast(null as string) as promise_kind,
        'explicit' as confidence,
        cast(null as string) as owner,
        cast(null as boolean) as is_orphan,
        cast(null as boolean) as needs_notice,
        made_at,
        due_at,
        'UTC' as time_zone,
        cast(null as string) as calendar_id,
        state,
        is_broken,
        case when is_broken then due_at end as broken_at,
        updated_at as revised_at,
        cast(null as timestamp) as kept_internally_at,
        cast(null as timestamp) as told_at,
        kept_at as kept_for_customer_at,
        cast(null as timestamp) as cancelled_at,
        overdue_days + days_since as overdue_days,
        cast(silent_days + days_since as bigint) as silent_days,
        cast(informed_days as bigint) as informed_days,
        -- A signal does not say that a thing was done before the customer had it.
        cast(null as bigint) as knowing_days,
        chase_count,
        check_in_count,
        excuse_count,
        source,
        record_key as source_key,
        touchpoint,
        location_id

    from moved_on

)

select * from final
