-- One row per linked identifier: the component that it belongs to, with one login at most in each.

{{ config(materialized='components') }}

with

links as (

    select * from {{ ref('int_identifier_links') }}

),

final as (

    select
        link_rank,
        identifier_a,
        is_login_a,
        identifier_b,
        is_login_b

    from links

)

select * from final
