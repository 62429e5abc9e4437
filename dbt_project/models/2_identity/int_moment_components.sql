-- One row per linked identifier and moment: the component that it belonged to, by the links followed.

{{ config(materialized='ranked_components') }}

select
    link_rank,
    a,
    is_login_a,
    b,
    is_login_b,
    is_decided,
    is_apart

from {{ ref('int_moment_links') }}
