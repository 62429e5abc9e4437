-- What the seed identifier_types says of a type; a type it does not know has the rules of '*'.

{% macro typed_identifiers(identifiers) -%}
(
    select
        named.*,
        coalesce(own.priority, other.priority) as priority,
        coalesce(own.is_login, other.is_login) as is_login,
        coalesce(own.seen_with_limit, other.seen_with_limit) as seen_with_limit,
        coalesce(own.account_limit, other.account_limit) as account_limit

    from {{ identifiers }} as named
    left join {{ ref('identifier_types') }} as own
        on named.identifier_type = own.identifier_type
    inner join {{ ref('identifier_types') }} as other
        on other.identifier_type = '*'
)
{%- endmacro %}
