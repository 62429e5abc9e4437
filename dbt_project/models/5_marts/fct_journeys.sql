-- One row per journey: how it ran, through which channels, and what it cost the customer.

{#- A view: that a silence has closed a journey is no reason to look at its customer again. It names no
    database: who attaches the warehouse under another name reads it too. -#}
{{ config(materialized='view') }}

with

journeys as (

    select * from {{ ref('int_journey_stories').include(database=false) }}

),

run as (

    select * from {{ ref('stg_run').include(database=false) }}

),

final as (

    select
        -- keys
        journeys.journey_id,
        journeys.customer_id,
        journeys.is_anonymous,
        journeys.subject_type,
        journeys.subject_key,

        -- how it ran
        {{ journey_status('journeys', 'run.as_of') }} as status,
        journeys.opened_at,
        journeys.last_step_at,
        {{ journey_closed_at('journeys', 'run.as_of') }} as closed_at,
        journeys.committed_at,
        journeys.handed_over_at,
        journeys.ended_at,
        journeys.before_at,
        journeys.beginning_at,
        journeys.during_at,
        journeys.after_at,
        journeys.entry_touchpoint,
        journeys.exit_touchpoint,
        journeys.entry_channel,
        journeys.exit_channel,
        journeys.channel_path,
        journeys.channel_count,
        journeys.channel_switch_count,
        journeys.step_count,
        journeys.contact_count,
        journeys.inbound_contact_count,
        journeys.handler_count,
        journeys.reopen_count,
        journeys.reassignment_count,

        -- what it cost
        journeys.points,
        journeys.credit_points,
        journeys.worst_points,
        journeys.end_points

    from journeys
    cross join run

)

select * from final
