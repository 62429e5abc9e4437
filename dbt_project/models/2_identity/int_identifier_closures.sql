-- One row per linked identifier: the closure that it belongs to, all that any link ever led to.

{{ config(materialized='components') }}

select
    a,
    b

from {{ ref('int_identifier_links') }}
