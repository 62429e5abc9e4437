-- Which nodes of a graph hang together: a materialization that takes a model of edges (a, b: whole
-- numbers below 2^31 - 1) and writes a table of (node, component).
--
-- Randomised contraction (Bögeholz, Brand, Todor: In-database connected component analysis, 2020):
-- each round every node takes the smallest of itself and its neighbours, in an order drawn anew,
-- and edges are relabelled. (x * m + k) mod (2^31 - 1) is a bijection, so the drawn order is the
-- label itself. The first order is the nodes' own, as a set is held together by its smallest.
-- Nodes become a quarter fewer a round at least, on average, so 200 rounds are beyond any log;
-- not having converged by then is an error. Plain joins, so any engine runs it.

{% materialization components, default %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks) }}

    {% do temporary_table('component_edges', compiled_code) %}
    {% set rounds = [] %}
    {% set left = namespace(edges=count_of("select count(*) from component_edges")) %}
    {% for round in range(200) if left.edges > 0 %}
        {% do component_round(round) %}
        {% do rounds.append(round) %}
        {% set left.edges = count_of("select count(*) from component_edges") %}
    {% endfor %}
    {% if left.edges > 0 %}
        {{ exceptions.raise_compiler_error("the links of " ~ this ~ " did not contract in 200 rounds") }}
    {% endif %}

    {#- A node's component is found by following its labels; one that is followed by none is the last. -#}
    {% do temporary_table('component_found', "select a as label, cast(a as bigint) as component from component_edges where false") %}
    {% for round in rounds | reverse %}
        {% do temporary_table('component_followed', "
            select
                labels.node as label,
                coalesce(found.component, " ~ round ~ " * 4294967296 + labels.label) as component
            from component_labels_" ~ round ~ " as labels
            left join component_found as found on labels.label = found.label
        ") %}
        {% do temporary_table('component_found', "select * from component_followed") %}
    {% endfor %}

    {% if existing is not none %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') %}
        create table {{ target }} as
        select cast(label as integer) as node, component from component_found
    {% endcall %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}

{% endmaterialization %}


{% macro component_round(round) %}
    {% set drawn = "{0}" if round == 0 else
        "(cast({0} as bigint) * " ~ (1103515245 + 7919 * round) ~ " + " ~ (12345 * round) ~ ") % 2147483647" %}
    {% set labels = 'labels_' ~ round %}
    {% do temporary_table('component_' ~ labels, "
        select node, least(min(neighbour), " ~ drawn.replace('{0}', 'node') ~ ") as label
        from (
            select a as node, " ~ drawn.replace('{0}', 'b') ~ " as neighbour from component_edges
            union all
            select b, " ~ drawn.replace('{0}', 'a') ~ " from component_edges
        ) as directed
        group by node
    ") %}
    {% do temporary_table('component_edges_next', "
        select distinct
            least(one.label, other.label) as a,
            greatest(one.label, other.label) as b
        from component_edges as edges
        inner join component_" ~ labels ~ " as one on edges.a = one.node
        inner join component_" ~ labels ~ " as other on edges.b = other.node
        where one.label != other.label
    ") %}
    {% do temporary_table('component_edges', "select * from component_edges_next") %}
{% endmacro %}
