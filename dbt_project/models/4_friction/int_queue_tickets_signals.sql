-- One row per signal that queue tickets give. See the table in its description.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where source = 'queue_tickets'

),

final as (

    select
        interaction_id,
        0 as signal_position,
        'store.wait' as signal,
        wait_seconds as measure

    from steps
    where kind = 'served'

    union all

    select
        interaction_id,
        0 as signal_position,
        'queue.abandoned' as signal,
        cast(null as bigint) as measure

    from steps
    where kind = 'left' and outcome = 'left'

)

select * from final
