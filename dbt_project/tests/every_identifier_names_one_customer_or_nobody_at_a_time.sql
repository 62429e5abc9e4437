-- The dated map tells one story without gaps: identifiers of the log whose periods do not follow each
-- other from when the log knew them to the present.

with

identifiers as (

    select
        identifier_hash,
        min(greatest(recorded_at, occurred_at)) as first_known_at

    from {{ ref('stg_identifiers') }}
    {{ of_identifiers('identifier_hash') }}
    group by identifier_hash

),

periods as (

    select
        *,
        lead(valid_from) over (
            partition by identifier_hash order by valid_from, customer_id
        ) as next_from

    from {{ ref('customer_id_map') }}
    {{ of_identifiers('identifier_hash') }}

),

told as (

    select
        identifier_hash,
        min(valid_from) as first_from,
        count(*) filter (where valid_to is null) as open_count,
        bool_and(valid_to is not distinct from next_from) as is_unbroken

    from periods
    group by identifier_hash

),

final as (

    select
        coalesce(identifiers.identifier_hash, told.identifier_hash) as identifier_hash,
        identifiers.first_known_at,
        told.first_from,
        told.open_count

    from identifiers
    full outer join told on identifiers.identifier_hash = told.identifier_hash
    where
        told.first_from is distinct from identifiers.first_known_at
        or told.open_count is distinct from 1
        or not told.is_unbroken

)

select * from final
