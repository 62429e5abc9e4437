-- One row per pair of identifiers that stood on one event, or that a decision links, and since when. Who
-- was shared by then is left out; who became so later is not: the past stays as it was.

with

pairs as (

    select * from {{ ref('int_identifier_pairs') }}
    {{ of_identifiers('identifier_a') }}

),

shared as (

    select * from {{ ref('int_shared_identifiers') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

free as (

    select
        identifiers.identifier_number,
        identifiers.identifier_hash,
        shared.shared_from

    from identifiers
    left join shared on identifiers.identifier_hash = shared.identifier_hash
    where identifiers.listed_reason is null

),

linked as (

    select
        least(one.identifier_number, other.identifier_number) as a,
        greatest(one.identifier_number, other.identifier_number) as b,
        pairs.first_known_at as linked_at

    from pairs
    inner join free as one on pairs.identifier_a = one.identifier_hash
    inner join free as other on pairs.identifier_b = other.identifier_hash
    where
        (one.shared_from is null or one.shared_from > pairs.first_known_at)
        and (other.shared_from is null or other.shared_from > pairs.first_known_at)

    union all

    select
        least(one.identifier_number, other.identifier_number) as a,
        greatest(one.identifier_number, other.identifier_number) as b,
        decisions.holds_from as linked_at

    from decisions
    inner join identifiers as one on decisions.identifier_a = one.identifier_hash
    inner join identifiers as other on decisions.identifier_b = other.identifier_hash
    where decisions.decision in ('link', 'propose')

),

final as (

    select
        a,
        b,
        min(linked_at) as linked_at

    from linked
    group by
        a,
        b

)

select * from final
