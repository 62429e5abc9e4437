-- One row per decision of a person about identifiers: that two are one customer, or are not, that
-- one links nobody, or that what was decided before is withdrawn.

with

decided as (

    select
        event_id as decision_id,
        payload ->> '$.decision' as decision,
        payload ->> '$.decided_by' as decided_by,
        list_extract(identifiers, 1) as one,
        list_extract(identifiers, 2) as other,
        occurred_at as decided_at,
        recorded_at,
        greatest(recorded_at, occurred_at) as known_from

    from {{ log_events('decisions', ['decision']) }} as recorded

),

final as (

    select
        decision_id,
        decision,
        decided_by,
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
