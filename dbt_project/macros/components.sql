-- Which identifiers hang together: a materialization that takes a model of links (link_rank from
-- the strongest, identifier_a, is_login_a, identifier_b, is_login_b) and writes a table of
-- (identifier_hash, component).
--
-- Each round, every group without a login joins its neighbour across its strongest link; groups
-- that joined are contracted into one, links inside a group or between two groups with a login
-- are dropped. That is Boruvka's spanning forest with the logins as roots: of the links between
-- two logins it leaves out the weakest. Groups at least halve a round, so 64 rounds are beyond
-- any log; not having converged by then is an error. Plain joins, so any engine runs it.

{% materialization components, default %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set rounds = [] -%}

    {{ run_hooks(pre_hooks) }}

    {% do component_step('links', compiled_code) %}
    {% do component_step('nodes', "
        select identifier_hash, row_number() over (order by identifier_hash) as node
        from (
            select identifier_a as identifier_hash from component_links
            union
            select identifier_b from component_links
        ) as linked
    ") %}
    {% do component_step('edges', "
        select
            links.link_rank as edge_rank,
            a.node as a,
            links.is_login_a as login_a,
            b.node as b,
            links.is_login_b as login_b
        from component_links as links
        inner join component_nodes as a on links.identifier_a = a.identifier_hash
        inner join component_nodes as b on links.identifier_b = b.identifier_hash
        where not (links.is_login_a and links.is_login_b)
    ") %}

    {% set left = namespace(edges=component_count("select count(*) from component_edges")) %}
    {% for round in range(64) if left.edges > 0 %}
        {% do component_round(round) %}
        {% do rounds.append(round) %}
        {% set left.edges = component_count("select count(*) from component_edges") %}
    {% endfor %}
    {% if left.edges > 0 %}
        {{ exceptions.raise_compiler_error("the links of " ~ this ~ " did not contract in 64 rounds") }}
    {% endif %}

    {#- A node's group is found by following it from the last round back to the first. -#}
    {% do component_step('groups', "select node, node as component from component_nodes where false") %}
    {% for round in rounds | reverse %}
        {% do component_step('groups_next', "
            select chosen.node, coalesce(later.component, chosen.chosen) as component
            from component_chosen_" ~ round ~ " as chosen
            left join component_groups as later on chosen.chosen = later.node
            union all
            select later.node, later.component
            from component_groups as later
            left join component_chosen_" ~ round ~ " as chosen on later.node = chosen.node
            where chosen.node is null
        ") %}
        {% do component_step('groups', "select * from component_groups_next") %}
    {% endfor %}

    {% if existing is not none %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') %}
        create table {{ target }} as
        select
            nodes.identifier_hash,
            coalesce(roots.identifier_hash, nodes.identifier_hash) as component
        from component_nodes as nodes
        left join component_groups as groups on nodes.node = groups.node
        left join component_nodes as roots on groups.component = roots.node
    {% endcall %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}

{% endmaterialization %}


-- One round: choose, follow the choices to their end, contract.
{% macro component_round(round) %}
    {% set chosen = 'chosen_' ~ round %}
    {% do component_step('picked', "
        select
            node,
            min_by(neighbour, edge_rank) as chosen,
            min_by(neighbour_has_login, edge_rank) as has_login
        from (
            select a as node, b as neighbour, login_b as neighbour_has_login, edge_rank
            from component_edges where not login_a
            union all
            select b, a, login_a, edge_rank
            from component_edges where not login_b
        ) as incident
        group by node
    ") %}
    {#- Two groups that chose each other: the smaller stays. -#}
    {% do component_step(chosen, "
        select
            picked.node,
            case
                when back.chosen = picked.node and picked.node < picked.chosen then picked.node
                else picked.chosen
            end as chosen,
            picked.has_login
        from component_picked as picked
        left join component_picked as back on picked.chosen = back.node
    ") %}
    {% set jumpers = "
        select count(*) from component_" ~ chosen ~ " as near
        inner join component_" ~ chosen ~ " as far on near.chosen = far.node
        where near.chosen != far.chosen
    " %}
    {% set left = namespace(jumpers=component_count(jumpers)) %}
    {% for jump in range(64) if left.jumpers > 0 %}
        {% do component_step('jumped', "
            select
                near.node,
                coalesce(far.chosen, near.chosen) as chosen,
                coalesce(far.has_login, near.has_login) as has_login
            from component_" ~ chosen ~ " as near
            left join component_" ~ chosen ~ " as far on near.chosen = far.node
        ") %}
        {% do component_step(chosen, "select * from component_jumped") %}
        {% set left.jumpers = component_count(jumpers) %}
    {% endfor %}
    {% do component_step('edges_next', "
        select
            min(edge_rank) as edge_rank,
            a,
            login_a,
            b,
            login_b
        from (
            select
                edges.edge_rank,
                least(coalesce(a.chosen, edges.a), coalesce(b.chosen, edges.b)) as a,
                greatest(coalesce(a.chosen, edges.a), coalesce(b.chosen, edges.b)) as b,
                case
                    when coalesce(a.chosen, edges.a) < coalesce(b.chosen, edges.b)
                        then coalesce(a.has_login, edges.login_a)
                    else coalesce(b.has_login, edges.login_b)
                end as login_a,
                case
                    when coalesce(a.chosen, edges.a) < coalesce(b.chosen, edges.b)
                        then coalesce(b.has_login, edges.login_b)
                    else coalesce(a.has_login, edges.login_a)
                end as login_b
            from component_edges as edges
            left join component_" ~ chosen ~ " as a on edges.a = a.node
            left join component_" ~ chosen ~ " as b on edges.b = b.node
        ) as contracted
        where a != b and not (login_a and login_b)
        group by a, login_a, b, login_b
    ") %}
    {% do component_step('edges', "select * from component_edges_next") %}
{% endmacro %}


{% macro component_step(name, sql) %}
    {% do run_query("create or replace temporary table component_" ~ name ~ " as " ~ sql) %}
{% endmacro %}


{% macro component_count(sql) %}
    {{ return(run_query(sql).columns[0].values()[0] | int) }}
{% endmacro %}
