-- One row per customer for whom time alone changes something: a promise that is not settled, or a
-- tick of silence that is still to come.

with

promises as (

    select * from {{ ref('int_engine_promises') }}

),

stated as (

    select * from {{ ref('int_stated_promises') }}

),

signals as (

    select * from {{ ref('int_scored_signals') }}

),

final as (

    select customer_id
    from promises
    where closed_at is null

    union

    select customer_id
    from stated
    where kept_at is null

    union

    select customer_id
    from signals
    where not has_occurred

)

select * from final
