-- One row per identifier of a contested closure, which is named after its first member. What a later slice
-- starts from: the members of any other closure name one customer.

with

contested as (

    select * from {{ ref('int_contested_identifiers') }}

),

final as (

    select
        identifier_hash,
        min_by(identifier_hash, identifier_number) over (partition by closure) as closure_id

    from contested

)

select * from final
