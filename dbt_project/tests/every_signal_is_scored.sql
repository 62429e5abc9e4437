-- Signals that scoring lost: the rule version in force does not know them. Returns them; none is right.

with

signals as (

    select * from {{ ref('int_ordered_signals') }}

),

scored as (

    select * from {{ ref('int_scored_signals') }}

),

final as (

    select signals.*

    from signals
    left join scored on signals.signal_id = scored.signal_id
    where scored.signal_id is null

)

select * from final
