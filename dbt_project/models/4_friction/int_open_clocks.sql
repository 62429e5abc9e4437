-- One row per customer and instant at which time alone changes something: a promise that is not
-- settled, a tick of silence that is still to come, or what a record tells of a time to come. A slice works
-- on those whose instant has come.

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

interactions as (

    select
        customer_id,
        source,
        record_type,
        record_key,
        occurred_at,
        has_occurred

    from {{ ref('int_customer_interactions') }}

),

calls as (

    select * from {{ ref('stg_connect__contact_versions') }}
    where made_later_at is not null

),

tickets as (

    select * from {{ ref('stg_zendesk__ticket_versions') }}

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

    union all

    select
        customer_id,
        occurred_at as changes_at

    from interactions
    where not has_occurred

    union all

    -- A callback that is asked for by now, and made later.
    select
        interactions.customer_id,
        calls.made_later_at as changes_at

    from calls
    inner join interactions
        on
            calls.source = interactions.source
            and calls.record_type = interactions.record_type
            and calls.record_key = interactions.record_key

    union all

    -- A ticket as it came to stand later.
    select
        interactions.customer_id,
        tickets.updated_at as changes_at

    from tickets
    cross join run
    inner join interactions
        on
            tickets.source = interactions.source
            and tickets.record_type = interactions.record_type
            and tickets.record_key = interactions.record_key
    where tickets.updated_at > run.as_of

),

final as (

    select
        customer_id,
        min(changes_at) as changes_at

    from changes
    group by customer_id

)

select * from final
