-- One row per customer and fix that would mend something for them: one signal at one touchpoint,
-- everywhere or in one location.
-- noqa: disable=LT02

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

{%- for scope in ['everywhere', 'location'] %}

{{ scope }} as (

    select
        customer_id,
        {{ scope }}_fix_number as fix_number,
        '{{ scope }}' as scope,
        touchpoint,
        signal,
        {{ 'location_id' if scope == 'location' else 'cast(null as varchar) as location_id' }},
        count(*) as signal_count

    from signals
    {%- if scope == 'location' %}
    where location_id is not null
    {%- endif %}
    group by
        customer_id,
        {{ scope }}_fix_number,
        touchpoint,
        signal{{ ',\n        location_id' if scope == 'location' }}

),
{%- endfor %}

final as (

    select * from everywhere
    union all
    select * from location

)

select * from final
