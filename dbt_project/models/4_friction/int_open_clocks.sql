-- One row per customer and instant at which time alone changes something: a promise that is not
-- settled, or a tick of silence that is still to come. A slice works on those whose instant has come.

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

run as (

    select * from {{ ref('stg_run') }}

),

-- The days of the engine's promises are counted with them.
unsettled as (

    select
        promises.customer_id,
        run.as_of as changes_at

    from promises
    cross join run
    where promises.closed_at is null

),

changes as (

    select * from unsettled

    union all

    select
        customer_id,
        changes_at

    from stated
    where changes_at is not null

    union all

    select
        customer_id,
        occurred_at as changes_at

    from signals
    where not has_occurred

),

final as (

    select
        customer_id,
        min(changes_at) as changes_at

    from changes
    group by customer_id

)

select * from final
