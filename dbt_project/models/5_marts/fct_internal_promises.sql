-- One row per promise made to a customer of the company itself.

with

promises as (

    select *
    from {{ ref('int_engine_promises') }}
    where not {{ is_external('customer_id') }}

),

final as (

    select
        promise_id,
        customer_id,
        issue_id,
        promise_kind,
        owner,
        made_at,
        due_at,
        state,
        is_broken,
        broken_at,
        kept_at as kept_for_customer_at,
        cast(overdue_days as bigint) as overdue_days,
        silent_days,
        informed_days,
        chase_count,
        location_id,
        source,
        record_key as source_key

    from promises

)

select * from final
