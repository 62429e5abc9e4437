-- One row per pair of identifiers that hold a set together, or that a decision links, and since when.
-- A set is held together by the member known first, so k identifiers make k - 1 links. Who
-- was shared by then is left out; who became so later is not: the past stays as it was.

with

members as (

    select * from {{ ref('int_set_members') }}

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

centred as (

    select
        members.identifier_number,
        min(members.identifier_number) over (partition by members.set_number) as centre_number,
        members.first_known_at

    from members
    left join shared on members.identifier_number = shared.identifier_number
    where shared.shared_from is null or shared.shared_from > members.first_known_at

),

linked as (

    select
        centre_number as a,
        identifier_number as b,
        first_known_at as linked_at

    from centred
    where identifier_number != centre_number

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
