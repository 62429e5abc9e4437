-- One row per event of a mapped source whose row says that it is about somebody of the company.
-- depends_on: {{ ref('stg_events') }}

with

{% if var('mappings') | map(attribute='interactions') | sum(start=[])
    | rejectattr('columns.party', 'equalto', 'null::varchar') | list %}
mapped as (

    {{ mapped_rows(['occurred_at', 'party'], stating='party') }}

),
{% else %}
mapped as (

    select
        cast(null as varchar) as event_id,
        cast(null as timestamp) as occurred_at,
        cast(null as varchar) as party

    where false

),
{% endif %}

final as (

    select distinct event_id
    from mapped
    where
        party = 'internal'
        and occurred_at is not null

)

select * from final
