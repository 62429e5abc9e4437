-- One row per decision of a person about identifiers, and whether it holds.

with

decisions as (

    select * from {{ ref('stg_identity_decisions') }}

),

periods as (

    select * from {{ ref('int_identity_decisions') }}

),

final as (

    select
        decisions.decision_id,
        decisions.decision,
        decisions.type_a,
        decisions.identifier_a,
        decisions.type_b,
        decisions.identifier_b,
        decisions.decided_by,
        decisions.decided_at,
        decisions.recorded_at,
        case
            when decisions.decision = 'withdraw' then 'withdrawal'
            when periods.decision_id is null then 'never held'
            when periods.holds_until is not null then 'held until a later decision'
            else 'holds'
        end as state,
        periods.holds_from,
        periods.holds_until

    from decisions
    left join periods on decisions.decision_id = periods.decision_id

)

select * from final
