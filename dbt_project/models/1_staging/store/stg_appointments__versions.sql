-- One row per status of an appointment, typed, with who moved it to another slot.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('appointments', ['appointment']) }}

),

typed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        from_json(payload, '{
            "location_id": "VARCHAR",
            "created_at": "VARCHAR",
            "start_at": "VARCHAR",
            "end_at": "VARCHAR",
            "status": "VARCHAR",
            "reschedule_of": "VARCHAR",
            "requested_by": "VARCHAR",
            "__zone": "VARCHAR"
        }') as r

    from events

),

timed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        version_rank,
        occurred_at,
        recorded_at,
        r.location_id,
        r.status,
        nullif(r.reschedule_of, '') as reschedule_of,
        coalesce(r.requested_by, 'customer') as requested_by,
        r.__zone as time_zone,
    {%- for time in ['created_at', 'start_at', 'end_at'] %}
        {{ declared_instant('r.' ~ time, "coalesce(r.\"__zone\", 'UTC')") }} as {{ time }}
        {{- ',' if not loop.last }}
    {%- endfor %}

    from typed

),

successors as (

    select
        reschedule_of,
        min_by(requested_by, struct_pack(
            version_rank := version_rank, record_key := record_key
        )) as requested_by

    from timed
    where reschedule_of is not null
    group by reschedule_of

),

final as (

    select
        timed.*,
        -- Who asked for another slot stands on the appointment that took its place.
        coalesce(successors.requested_by, timed.requested_by) as moved_by,
        lag(timed.start_at) over history as previous_start_at,
        row_number() over history as version_number,
        row_number() over (
            partition by timed.record_key
            order by timed.version_rank desc, timed.recorded_at desc, timed.event_id desc
        ) = 1 as is_latest,
        -- A visit at the customer's place has no location of ours: there it is the company that
        -- does not come.
        timed.status = 'no_show' and timed.location_id is null as is_company_no_show

    from timed
    left join successors on timed.record_key = successors.reschedule_of

    window history as (
        partition by timed.record_key
        order by timed.version_rank, timed.recorded_at, timed.event_id
    )

)

select * from final
