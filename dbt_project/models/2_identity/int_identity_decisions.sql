-- One row per decision that ever held, and from when until when: of those known about a pair, or about
-- one identifier, the one decided last holds. A withdrawal holds nothing, and ends what held.

with

decisions as (

    select
        *,
        least(identifier_a, coalesce(identifier_b, identifier_a)) as first_hash,
        -- What is about one identifier is no decision about a pair.
        case
            when identifier_b is null then ''
            else greatest(identifier_a, identifier_b)
        end as second_hash

    from {{ ref('stg_identity_decisions') }}

),

last_known as (

    select
        *,
        max(struct_pack(decided_at := decided_at, decision_id := decision_id)) over (
            partition by first_hash, second_hash
            order by known_from, decided_at, decision_id
            rows between unbounded preceding and current row
        ) as newest

    from decisions
    qualify row_number() over (
        partition by first_hash, second_hash, known_from order by decided_at desc, decision_id desc
    ) = 1

),

changes as (

    select
        first_hash,
        second_hash,
        newest.decision_id,
        min(known_from) as holds_from

    from last_known
    group by
        first_hash,
        second_hash,
        newest.decision_id

),

periods as (

    select
        decision_id,
        holds_from,
        lead(holds_from) over (
            partition by first_hash, second_hash order by holds_from, decision_id
        ) as holds_until

    from changes

),

final as (

    select
        decisions.decision_id,
        decisions.decision,
        decisions.probability_ppm,
        decisions.type_a,
        decisions.identifier_a,
        decisions.type_b,
        decisions.identifier_b,
        decisions.decided_at,
        periods.holds_from,
        periods.holds_until

    from periods
    inner join decisions on periods.decision_id = decisions.decision_id
    where decisions.decision != 'withdraw'

)

select * from final
