-- One row per closure of contested identifiers and moment at which the log learned what may have changed
-- who is who in it. Of a closure with very many, those before the last are taken at wider steps.

with

identifiers as (

    select * from {{ ref('int_contested_identifiers') }}

),

steps as (

    select distinct
        step_id,
        closure,
        known_from

    from {{ ref('int_contested_sets') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}

),

decided as (

    select
        identifier_a as identifier_hash,
        holds_from,
        holds_until
    from decisions
    union all
    select
        identifier_b,
        holds_from,
        holds_until
    from decisions
    where identifier_b is not null

),

changed as (

    select
        closure,
        first_known_at as known_at
    from identifiers
    where first_known_at is not null
    union
    select
        closure,
        shared_from
    from identifiers
    where shared_from is not null
    union
    select
        closure,
        known_from
    from steps
    union
    select
        identifiers.closure,
        decided.holds_from
    from decided
    inner join identifiers on decided.identifier_hash = identifiers.identifier_hash
    union
    select
        identifiers.closure,
        decided.holds_until
    from decided
    inner join identifiers on decided.identifier_hash = identifiers.identifier_hash
    where decided.holds_until is not null

),

sized as (

    select
        closure,
        count(*) as step_count

    from steps
    group by closure

),

counted as (

    select
        changed.closure,
        changed.known_at,
        row_number() over (
            partition by changed.closure order by changed.known_at desc
        ) - 1 as moments_after,
        count(*) over (partition by changed.closure) * coalesce(sized.step_count, 1) as work

    from changed
    left join sized on changed.closure = sized.closure

),

final as (

    select
        row_number() over (order by closure, known_at) as moment_number,
        closure,
        known_at,
        moments_after = 0 as is_last

    from counted
    where moments_after % (1 + work // {{ var('identity_history_limit') }}) = 0

)

select * from final
