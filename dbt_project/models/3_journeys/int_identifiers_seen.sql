-- One row per customer, channel and identifier on an event of theirs there.

with

steps as (

    select * from {{ ref('int_journey_steps') }}

),

identifiers as (

    select * from {{ ref('stg_identifiers') }}

),

final as (

    select distinct
        steps.customer_id,
        steps.channel,
        identifiers.identifier_hash

    from steps
    inner join identifiers on steps.event_id = identifiers.event_id

)

select * from final
