-- One row per identifier of each closure that is not simply one customer: it has two logins, a shared
-- identifier, or a decision. Who these were is worked out for each moment at which the log changed it.

with

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

closures as (

    select * from {{ ref('int_identifier_closures') }}

),

shared as (

    select * from {{ ref('int_shared_identifiers') }}

),

decisions as (

    select * from {{ ref('stg_identity_decisions') }}

),

decided as (

    select identifier_a as identifier_hash from decisions
    union
    select identifier_b from decisions
    where identifier_b is not null

),

logins as (

    select
        closures.component,
        count(*) as login_count

    from closures
    inner join identifiers on closures.node = identifiers.identifier_number
    where identifiers.is_login
    group by closures.component

),

touched as (

    select identifiers.identifier_number
    from identifiers
    inner join shared on identifiers.identifier_hash = shared.identifier_hash
    union
    select identifiers.identifier_number
    from identifiers
    inner join decided on identifiers.identifier_hash = decided.identifier_hash

),

contested as (

    select component from logins
    where login_count > 1
    union
    select closures.component
    from closures
    inner join touched on closures.node = touched.identifier_number

),

members as (

    select
        closures.component as closure,
        closures.node as identifier_number

    from closures
    inner join contested on closures.component = contested.component

    union all

    -- Blocked before it was ever linked.
    select
        -touched.identifier_number as closure,
        touched.identifier_number

    from touched
    left join closures on touched.identifier_number = closures.node
    where closures.node is null

),

final as (

    select
        members.closure,
        members.identifier_number,
        identifiers.identifier_hash,
        identifiers.identifier_type,
        identifiers.priority,
        identifiers.is_login,
        identifiers.first_known_at,
        identifiers.listed_reason,
        shared.shared_from,
        shared.reason as shared_reason,
        -- 1 is the strongest: whom an event's other identifiers are linked through.
        cast(row_number() over (
            order by identifiers.priority, identifiers.identifier_hash
        ) as integer) as strength

    from members
    inner join identifiers on members.identifier_number = identifiers.identifier_number
    left join shared on identifiers.identifier_hash = shared.identifier_hash

)

select * from final
