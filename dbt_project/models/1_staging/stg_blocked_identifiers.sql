-- One row per identifier that names nobody: a placeholder, a switchboard, a shared mailbox.

with

blocked as (

    select * from {{ source('blocked', 'identifiers') }}

),

final as (

    select
        hash as identifier_hash,
        min(type) as identifier_type,
        min(reason) as reason

    from blocked
    group by hash

)

select * from final
