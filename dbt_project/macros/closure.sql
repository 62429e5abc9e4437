-- What hangs together with what is new: a materialization that takes a model of events (event_number)
-- and writes a table of all events that those reach, step by step: by a key that both name
-- (stg_event_keys), or by a customer, subject or conversation of the last build (int_event_owners).
-- It starts from the customers for whom a clock has moved on, too. An identifier that links nobody leads
-- nowhere, unless somebody decided about it. On a chain of n links it takes n steps; the events of a customer are few steps apart.

{% materialization closure, default %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks) }}

    {% do temporary_table('closure_reached', compiled_code) %}
    {% if var('scope') == 'slice' %}
        {#- What an interrupted slice had reached, it may have replaced in part: again, all of it. -#}
        {% do run_query("insert into closure_reached select event_number from " ~ existing) %}
        {% do closure_of_reached() %}
    {% endif %}

    {% if existing is not none %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') %}
        create table {{ target_relation }} as select event_number from closure_reached
    {% endcall %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{% macro closure_of_reached() %}
    {% set last = target.schema %}
    {% do temporary_table('closure_reached', "
        select event_number from closure_reached
        union
        select owners.event_number
        from " ~ last ~ ".int_event_owners as owners
        inner join (
            select " ~ key_number("'customer/' || customer_id") ~ " as key_number
            from " ~ last ~ ".int_open_clocks
            where changes_at <= (select as_of from " ~ last ~ ".stg_run)
        ) as clocks on owners.key_number = clocks.key_number
    ") %}
    {% do temporary_table('closure_frontier', "select event_number from closure_reached") %}
    {#- Keys that were followed, or lead nowhere. -#}
    {% do temporary_table('closure_followed', "
        select distinct " ~ key_number("'identifier/' || identifier_hash") ~ " as key_number
        from " ~ last ~ ".int_blocked_identifiers
        where identifier_hash not in (
            select identifier_a from " ~ last ~ ".stg_identity_decisions
            union all
            select identifier_b from " ~ last ~ ".stg_identity_decisions where identifier_b is not null
        )
    ") %}
    {% set left = namespace(events=count_of("select count(*) from closure_frontier")) %}
    {% for step in range(1000) if left.events > 0 %}
        {% do temporary_table('closure_keys', "
            select named.key_number
            from (
                select keys.key_number
                from " ~ last ~ ".stg_event_keys as keys
                inner join closure_frontier as frontier on keys.event_number = frontier.event_number
                where not keys.is_context
                union
                select owners.key_number
                from " ~ last ~ ".int_event_owners as owners
                inner join closure_frontier as frontier on owners.event_number = frontier.event_number
            ) as named
            left join closure_followed as followed on named.key_number = followed.key_number
            where followed.key_number is null
        ") %}
        {% do temporary_table('closure_frontier', "
            select named.event_number
            from (
                select keys.event_number
                from " ~ last ~ ".stg_event_keys as keys
                inner join closure_keys as open_keys on keys.key_number = open_keys.key_number
                union
                select owners.event_number
                from " ~ last ~ ".int_event_owners as owners
                inner join closure_keys as open_keys on owners.key_number = open_keys.key_number
            ) as named
            left join closure_reached as reached on named.event_number = reached.event_number
            where reached.event_number is null
        ") %}
        {% do run_query("insert into closure_followed select key_number from closure_keys") %}
        {% do run_query("insert into closure_reached select event_number from closure_frontier") %}
        {% set left.events = count_of("select count(*) from closure_frontier") %}
    {% endfor %}
    {% if left.events > 0 %}
        {{ exceptions.raise_compiler_error("what is new reached ever more events in 1000 steps") }}
    {% endif %}
    {#- What the reached ones read, without going on from there. -#}
    {% do run_query("
        insert into closure_reached
        select distinct told.event_number
        from " ~ last ~ ".stg_event_keys as reading
        inner join closure_reached as reached on reading.event_number = reached.event_number
        inner join " ~ last ~ ".stg_event_keys as told
            on reading.key_number = told.key_number and not told.is_context
        left join closure_reached as already on told.event_number = already.event_number
        where reading.is_context and already.event_number is null
    ") %}
{% endmacro %}
