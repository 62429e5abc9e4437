-- One row per event that this build works on, if that is a slice: what is new, what has a clock that
-- runs, and whatever hangs together with those through a key or a customer. Empty in a full build.

{{ config(materialized='closure') }}

-- depends_on: {{ ref('stg_event_keys') }}
-- depends_on: {{ ref('stg_identity_decisions') }}

with

events as (

    select * from {{ new_log_events() if var('scope') == 'slice' else ref('stg_log_events') }}

),

final as (

    select distinct {{ key_number('event_id') }} as event_number

    from events
    where {{ var('scope') == 'slice' }}

)

select * from final
