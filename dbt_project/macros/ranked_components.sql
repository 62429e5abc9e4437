-- Who hangs together by the links that are followed, the strongest first: a materialization that takes
-- a model of links (link_rank, unique, from the strongest; a, b; is_login_a, is_login_b; is_decided)
-- and of pairs held apart (is_apart, without a rank), and writes a table of (node, component).
--
-- A link is followed unless it would join two that are held apart or, where nobody decided it, two
-- groups with a login each: Kruskal's spanning forest with these two refusals. Each round, a group
-- that no refusal can concern joins its neighbour across its strongest link; so do two groups that
-- are each other's strongest, as nothing stronger can reach either of them any more. Then groups are
-- contracted, and links that would be refused are dropped. There is always a strongest link, so
-- every round leaves fewer.

{% materialization ranked_components, default %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks) }}

    {% do temporary_table('ranked_links', compiled_code) %}
    {% do temporary_table('ranked_apart', "select a, b from ranked_links where is_apart") %}
    {% do temporary_table('ranked_edges', "
        select link_rank, a, b, is_decided from ranked_links where not is_apart
    ") %}
    {% do temporary_table('ranked_groups', "
        select
            incident.node,
            bool_or(incident.is_login) as has_login,
            false as is_joined
        from (
            select a as node, is_login_a as is_login from ranked_links where not is_apart
            union all
            select b, is_login_b from ranked_links where not is_apart
        ) as incident
        group by incident.node
    ") %}
    {% do temporary_table('ranked_found', "select node, node as component from ranked_groups") %}
    {% do ranked_refuse() %}

    {% set left = namespace(edges=count_of("select count(*) from ranked_edges")) %}
    {% for round in range(100000) if left.edges > 0 %}
        {% do ranked_round() %}
        {% set left.edges = count_of("select count(*) from ranked_edges") %}
    {% endfor %}
    {% if left.edges > 0 %}
        {{ exceptions.raise_compiler_error("the links of " ~ this ~ " did not contract in 100000 rounds") }}
    {% endif %}

    {% if existing is not none %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') %}
        create table {{ target }} as select node, component from ranked_found
    {% endcall %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}

{% endmaterialization %}


-- One round: choose, follow the choices to their end, contract, refuse.
{% macro ranked_round() %}
    {% do temporary_table('ranked_strongest', "
        select node, min(link_rank) as link_rank
        from (
            select a as node, link_rank from ranked_edges
            union all
            select b, link_rank from ranked_edges
        ) as incident
        group by node
    ") %}
    {% do temporary_table('ranked_chosen', "
        select
            strongest.node,
            case when edges.a = strongest.node then edges.b else edges.a end as chosen,
            -- Two that chose each other: the smaller stays.
            theirs.link_rank = strongest.link_rank and edges.a = strongest.node as stays
        from ranked_strongest as strongest
        inner join ranked_edges as edges on strongest.link_rank = edges.link_rank
        inner join ranked_strongest as theirs
            on theirs.node = case when edges.a = strongest.node then edges.b else edges.a end
        inner join ranked_groups as own on strongest.node = own.node
        left join (
            select a as node from ranked_apart union select b from ranked_apart
        ) as apart on strongest.node = apart.node
        where
            theirs.link_rank = strongest.link_rank
            or (apart.node is null and (edges.is_decided or not own.has_login))
    ") %}
    {% do temporary_table('ranked_roots', "select node, chosen as root from ranked_chosen where not stays") %}
    {% set jumpers = "
        select count(*) from ranked_roots as near
        inner join ranked_roots as far on near.root = far.node
    " %}
    {% set left = namespace(jumpers=count_of(jumpers)) %}
    {% for jump in range(64) if left.jumpers > 0 %}
        {% do temporary_table('ranked_jumped', "
            select near.node, coalesce(far.root, near.root) as root
            from ranked_roots as near
            left join ranked_roots as far on near.root = far.node
        ") %}
        {% do temporary_table('ranked_roots', "select * from ranked_jumped") %}
        {% set left.jumpers = count_of(jumpers) %}
    {% endfor %}
    {% do temporary_table('ranked_found_next', "
        select found.node, coalesce(roots.root, found.component) as component
        from ranked_found as found
        left join ranked_roots as roots on found.component = roots.node
    ") %}
    {% do temporary_table('ranked_found', "select * from ranked_found_next") %}
    {% do temporary_table('ranked_groups_next', "
        select coalesce(roots.root, groups.node) as node, bool_or(groups.has_login) as has_login
        from ranked_groups as groups
        left join ranked_roots as roots on groups.node = roots.node
        group by coalesce(roots.root, groups.node)
    ") %}
    {% do temporary_table('ranked_groups', "select * from ranked_groups_next") %}
    {% for relation, columns in [('edges', 'link_rank, is_decided, '), ('apart', '')] %}
        {% do temporary_table('ranked_' ~ relation ~ '_next', "
            select
                " ~ columns ~ "
                least(coalesce(one.root, pairs.a), coalesce(other.root, pairs.b)) as a,
                greatest(coalesce(one.root, pairs.a), coalesce(other.root, pairs.b)) as b
            from ranked_" ~ relation ~ " as pairs
            left join ranked_roots as one on pairs.a = one.node
            left join ranked_roots as other on pairs.b = other.node
        ") %}
        {% do temporary_table('ranked_' ~ relation, "select * from ranked_" ~ relation ~ "_next") %}
    {% endfor %}
    {% do ranked_refuse() %}
{% endmacro %}


-- Drop links inside a group, and those that would be refused whenever their turn came.
{% macro ranked_refuse() %}
    {% do temporary_table('ranked_edges_next', "
        select edges.link_rank, edges.a, edges.b, edges.is_decided
        from ranked_edges as edges
        inner join ranked_groups as one on edges.a = one.node
        inner join ranked_groups as other on edges.b = other.node
        left join (
            select distinct least(a, b) as a, greatest(a, b) as b from ranked_apart
        ) as apart on least(edges.a, edges.b) = apart.a and greatest(edges.a, edges.b) = apart.b
        where
            edges.a != edges.b
            and apart.a is null
            and (edges.is_decided or not (one.has_login and other.has_login))
    ") %}
    {% do temporary_table('ranked_edges', "
        select min(link_rank) as link_rank, a, b, bool_or(is_decided) as is_decided
        from ranked_edges_next
        group by a, b
    ") %}
{% endmacro %}
