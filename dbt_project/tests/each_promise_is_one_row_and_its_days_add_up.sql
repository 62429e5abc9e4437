-- A promise of a customer is one row; its overdue days are silent or informed; a broken one says when.

with

promises as (

    select * from {{ ref('int_told_promises') }}

),

final as (

    select
        customer_id,
        promise_id,
        count(*) as row_count

    from promises
    group by customer_id, promise_id
    having
        count(*) > 1
        or max(case when silent_days + informed_days != overdue_days then 1 else 0 end) = 1
        or max(case when is_broken != (broken_at is not null) then 1 else 0 end) = 1
        or max(case when overdue_days > 0 and not is_broken then 1 else 0 end) = 1

)

select * from final
