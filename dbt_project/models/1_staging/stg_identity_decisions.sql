-- One row per decision of a person about identifiers: that two are one customer, or are not, that
-- one links nobody, that what was decided before is withdrawn; or a link that is only proposed.

with

decided as (

    select
        event_id as decision_id,
        payload ->> '$.decision' as decision,
        payload ->> '$.decided_by' as decided_by,
        cast(round(try_cast(payload ->> '$.probability' as double) * 1000000) as integer) as probability_ppm,
        list_extract(identifiers, 1) as one,
        list_extract(identifiers, 2) as other,
        occurred_at as decided_at,
        recorded_at,
        greatest(recorded_at, occurred_at) as known_from

    from {{ log_events('decisions', ['decision'], ref('stg_log_events')) }} as recorded

),

final as (

    select
        decision_id,
        decision,
        decided_by,
        probability_ppm,
        one.type as type_a,
        one.hash as identifier_a,
        other.type as type_b,
        other.hash as identifier_b,
        decided_at,
        recorded_at,
        known_from

    from decided

)

select * from final
