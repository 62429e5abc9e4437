-- One row per moment and pair of contested identifiers that was linked then, ranked from the strongest;
-- and, unranked, one per pair that a decision held apart. `a` and `b` name identifiers at a moment.

with

moments as (

    select * from {{ ref('int_identity_moments') }}

),

steps as (

    select * from {{ ref('int_contested_sets') }}

),

identifiers as (

    select * from {{ ref('int_contested_identifiers') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}

),

-- What was decided by then, of identifiers of the closure.
decided as (

    select
        moments.moment_number,
        decisions.decision,
        decisions.probability_ppm,
        one.identifier_number as a,
        other.identifier_number as b,
        -- Nobody is proposed who is listed or shared.
        one.listed_reason is null
        and other.listed_reason is null
        and coalesce(one.shared_from > moments.known_at, true)
        and coalesce(other.shared_from > moments.known_at, true) as is_free,
        struct_pack(
            decided_at := decisions.decided_at, decision_id := decisions.decision_id
        ) as newness

    from decisions
    inner join identifiers as one on decisions.identifier_a = one.identifier_hash
    left join identifiers as other on decisions.identifier_b = other.identifier_hash
    inner join moments
        on
            one.closure = moments.closure
            and decisions.holds_from <= moments.known_at
            and (decisions.holds_until is null or decisions.holds_until > moments.known_at)
    where decisions.decision = 'block' or one.closure = other.closure

),

blocked_by_hand as (

    select
        moment_number,
        a as identifier_number,
        newness

    from decided
    where decision = 'block'

),

shown as (

    select
        moments.moment_number,
        steps.step_id,
        steps.identifier_number,
        steps.occurred_at,
        steps.event_count,
        first_value(steps.identifier_number) over strongest as centre_number

    from moments
    inner join steps
        on
            moments.closure = steps.closure
            and moments.known_at >= steps.known_from
    inner join identifiers on steps.identifier_number = identifiers.identifier_number
    left join blocked_by_hand as blocked
        on
            moments.moment_number = blocked.moment_number
            and steps.identifier_number = blocked.identifier_number
    where
        blocked.identifier_number is null
        and (identifiers.shared_from is null or identifiers.shared_from > moments.known_at)

    window strongest as (
        partition by moments.moment_number, steps.step_id order by identifiers.strength
    )

),

linked as (

    select
        moment_number,
        centre_number as a,
        identifier_number as b,
        step_id,
        occurred_at,
        event_count,
        null as newness,
        0 as probability_ppm

    from shown
    where identifier_number != centre_number

    union all

    select
        decided.moment_number,
        decided.a,
        decided.b,
        null as step_id,
        null as occurred_at,
        0 as event_count,
        case when decided.decision = 'link' then decided.newness end as newness,
        coalesce(decided.probability_ppm, 0) as probability_ppm

    from decided
    left join blocked_by_hand as blocked
        on
            decided.moment_number = blocked.moment_number
            and (decided.a = blocked.identifier_number or decided.b = blocked.identifier_number)
            and (decided.newness < blocked.newness or decided.decision = 'propose')
    where
        blocked.identifier_number is null
        and (decided.decision = 'link' or (decided.decision = 'propose' and decided.is_free))

),

pairs as (

    select
        linked.moment_number,
        one.identifier_number as a,
        other.identifier_number as b,
        min(linked.occurred_at) as first_occurred_at,
        min_by(linked.step_id, struct_pack(
            occurred_at := linked.occurred_at, step_id := linked.step_id
        )) as event_id,
        cast(sum(linked.event_count) as bigint) as event_count,
        max(linked.newness) as newness,
        count(*) = count(*) filter (where linked.probability_ppm > 0) as is_proposed,
        max(linked.probability_ppm) as probability_ppm,
        max(one.is_login) as is_login_a,
        max(other.is_login) as is_login_b,
        max(greatest(one.priority, other.priority)) as weaker_priority,
        max(least(one.priority, other.priority)) as stronger_priority,
        max(one.strength) as strength_a,
        max(other.strength) as strength_b

    from linked
    inner join identifiers as one on least(linked.a, linked.b) = one.identifier_number
    inner join identifiers as other on greatest(linked.a, linked.b) = other.identifier_number
    group by
        linked.moment_number,
        one.identifier_number,
        other.identifier_number

),

final as (

    select
        moment_number,
        {{ at_moment('moment_number', 'a') }} as a,
        is_login_a,
        {{ at_moment('moment_number', 'b') }} as b,
        is_login_b,
        newness is not null as is_decided,
        is_proposed,
        false as is_apart,
        first_occurred_at,
        event_id,
        event_count,
        -- A decision first, the newest first; then by the weaker end's type, then the first seen:
        -- who used a device first keeps it. What is only proposed comes last, the likeliest first.
        row_number() over (
            order by
                newness desc nulls last,
                is_proposed asc,
                case when is_proposed then probability_ppm end desc nulls last,
                weaker_priority asc,
                stronger_priority asc,
                first_occurred_at asc,
                least(strength_a, strength_b) asc,
                greatest(strength_a, strength_b) asc,
                moment_number asc
        ) as link_rank

    from pairs

    union all

    select
        moment_number,
        {{ at_moment('moment_number', 'a') }} as a,
        false as is_login_a,
        {{ at_moment('moment_number', 'b') }} as b,
        false as is_login_b,
        true as is_decided,
        false as is_proposed,
        true as is_apart,
        cast(null as timestamp) as first_occurred_at,
        cast(null as varchar) as event_id,
        cast(0 as bigint) as event_count,
        cast(null as bigint) as link_rank

    from decided
    where decision = 'unlink'

)

select * from final
