-- One row per source, identifier type and problem: identifiers that had no normal form.

with

events as (

    select
        source,
        recorded_at,
        unnest(identifiers) as identifier

    from {{ ref('stg_log_events') }}

),

final as (

    select
        source,
        identifier.type as identifier_type,
        identifier.problem,
        count(*) as identifier_count,
        max(recorded_at) as last_recorded_at

    from events
    where identifier.hash is null
    group by all

)

select * from final
