-- One row per member of each set of two or more identifiers, without those listed as naming nobody.

with

sets as (

    select * from {{ ref('int_identifier_sets') }}
    where member_count > 1

),

identifiers as (

    select * from {{ ref('int_identifiers') }}
    where listed_reason is null

),

final as (

    select
        sets.set_number,
        identifiers.identifier_number,
        sets.member_count,
        sets.first_known_at

    from sets
    inner join identifiers on sets.identifier_hash = identifiers.identifier_hash

)

select * from final
