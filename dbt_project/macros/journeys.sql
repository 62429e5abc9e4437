-- What silence makes of a journey that nothing else has closed, of columns of int_journeys: no event says
-- so, and no customer is looked at again for it.

-- open, closed or reopened, as of an instant.
{% macro journey_status(journeys, as_of) -%}
case
    when {{ journeys }}.status = 'open' and {{ journeys }}.silent_until < {{ as_of }} then 'closed'
    else {{ journeys }}.status
end
{%- endmacro %}

-- When it was last closed: by silence with the last thing before that; null while it is open.
{% macro journey_closed_at(journeys, as_of) -%}
case
    when {{ journeys }}.status = 'open' and {{ journeys }}.silent_until < {{ as_of }}
        then {{ journeys }}.last_active_at
    else {{ journeys }}.closed_at
end
{%- endmacro %}
