-- One row per link that is not followed today: it would fuse two logins, or two that a decision holds apart.

with

links as (

    select * from {{ ref('int_moment_links') }}
    where not is_apart

),

moments as (

    select * from {{ ref('int_identity_moments') }}
    where is_last

),

components as (

    select * from {{ ref('int_moment_components') }}

),

identifiers as (

    select * from {{ ref('int_identifiers') }}

),

logins as (

    select distinct components.component

    from components
    inner join identifiers on {{ identifier_at('components.node') }} = identifiers.identifier_number
    where identifiers.is_login

),

final as (

    select
        one.identifier_hash as identifier_a,
        one.identifier_type as type_a,
        other.identifier_hash as identifier_b,
        other.identifier_type as type_b,
        case
            when not links.is_decided and logins_a.component is not null and logins_b.component is not null
                then 'it would have fused two logins'
            else 'a decision holds them apart'
        end as reason,
        links.first_occurred_at,
        links.event_id,
        links.event_count

    from links
    inner join moments on links.moment_number = moments.moment_number
    inner join components as a on links.a = a.node
    inner join components as b on links.b = b.node
    inner join identifiers as one on {{ identifier_at('links.a') }} = one.identifier_number
    inner join identifiers as other on {{ identifier_at('links.b') }} = other.identifier_number
    left join logins as logins_a on a.component = logins_a.component
    left join logins as logins_b on b.component = logins_b.component
    where a.component != b.component

)

select * from final
