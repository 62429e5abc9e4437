-- One row per fix: one signal at one touchpoint, everywhere or in one location. Its number is the
-- key within one build.

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

places as (

    select distinct
        touchpoint,
        signal,
        location_id

    from signals

),

everywhere as (

    select distinct
        touchpoint,
        signal,
        'everywhere' as scope,
        cast(null as varchar) as location_id

    from places

),

fixes as (

    select * from everywhere

    union all

    select
        touchpoint,
        signal,
        'location' as scope,
        location_id

    from places
    where location_id is not null

),

final as (

    select
        row_number() over (order by touchpoint, signal, scope, location_id) as fix_number,
        {{ surrogate_key(['touchpoint', 'signal', 'scope', 'location_id']) }} as fix_id,
        touchpoint,
        signal,
        scope,
        location_id

    from fixes

)

select * from final
