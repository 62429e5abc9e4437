-- Who was thought to be whom, and when: a materialization that takes a model of links (linked_at, a,
-- b: two identifiers by their numbers, the first known has the smallest) and writes a
-- table of (identifier_number, named_after, merged_at): one row per renaming of an identifier.
--
-- An identifier whose first link leads to an earlier one is named after that one from then on, and
-- its other links are as good as links of the other: so all of these merge in one round, until no
-- link is left.

{% materialization merges, default %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks) }}

    {% do temporary_table('merge_edges', compiled_code) %}
    {% do temporary_table('merge_merged', "
        select a as node, b as parent, linked_at as merged_at from merge_edges where false
    ") %}

    {% set left = namespace(edges=count_of("select count(*) from merge_edges")) %}
    {% for round in range(500) if left.edges > 0 %}
        {% do merge_round() %}
        {% set left.edges = count_of("select count(*) from merge_edges") %}
    {% endfor %}
    {% if left.edges > 0 %}
        {{ exceptions.raise_compiler_error("the links of " ~ this ~ " did not merge in 500 rounds") }}
    {% endif %}

    {#- Named after one that had been renamed by then: named after that one's name at once. -#}
    {% set jumpers = "
        select count(*) from merge_merged as own
        inner join merge_merged as parents on own.parent = parents.node
        where parents.merged_at <= own.merged_at
    " %}
    {% set left.jumpers = count_of(jumpers) %}
    {% for jump in range(64) if left.jumpers > 0 %}
        {% do temporary_table('merge_merged_next', "
            select
                own.node,
                case when parents.merged_at <= own.merged_at then parents.parent else own.parent end as parent,
                own.merged_at
            from merge_merged as own
            left join merge_merged as parents on own.parent = parents.node
        ") %}
        {% do temporary_table('merge_merged', "select * from merge_merged_next") %}
        {% set left.jumpers = count_of(jumpers) %}
    {% endfor %}

    {% do temporary_table('merge_named', "select node, parent as named_after, merged_at from merge_merged") %}
    {% do temporary_table('merge_newest', "select * from merge_named") %}
    {% set left.newest = count_of("select count(*) from merge_newest") %}
    {% for renaming in range(500) if left.newest > 0 %}
        {% do temporary_table('merge_next', "
            select newest.node, merged.parent as named_after, merged.merged_at
            from merge_newest as newest
            inner join merge_merged as merged on newest.named_after = merged.node
        ") %}
        {% do temporary_table('merge_newest', "select * from merge_next") %}
        {% do run_query("insert into merge_named select * from merge_newest") %}
        {% set left.newest = count_of("select count(*) from merge_newest") %}
    {% endfor %}

    {% if existing is not none %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% call statement('main') %}
        create table {{ target }} as
        select node as identifier_number, named_after, merged_at from merge_named
    {% endcall %}

    {{ run_hooks(post_hooks) }}
    {% do persist_docs(target, model) %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}

{% endmaterialization %}


{% macro merge_round() %}
    {% do temporary_table('merge_first_links', "
        select node, min(linked_at) as merged_at
        from (
            select a as node, linked_at from merge_edges
            union all
            select b, linked_at from merge_edges
        ) as incident
        group by node
    ") %}
    {% do temporary_table('merge_merging', "
        select first_links.node, min(incident.neighbour) as parent, first_links.merged_at
        from merge_first_links as first_links
        inner join (
            select a as node, b as neighbour, linked_at from merge_edges
            union all
            select b, a, linked_at from merge_edges
        ) as incident
            on first_links.node = incident.node and first_links.merged_at = incident.linked_at
        group by first_links.node, first_links.merged_at
        having min(incident.neighbour) < first_links.node
    ") %}
    {% do run_query("insert into merge_merged select * from merge_merging") %}
    {% do temporary_table('merge_roots', "select node, parent as root from merge_merging") %}
    {% set jumpers = "
        select count(*) from merge_roots as near
        inner join merge_roots as far on near.root = far.node
    " %}
    {% set left = namespace(jumpers=count_of(jumpers)) %}
    {% for jump in range(64) if left.jumpers > 0 %}
        {% do temporary_table('merge_roots_next', "
            select near.node, coalesce(far.root, near.root) as root
            from merge_roots as near
            left join merge_roots as far on near.root = far.node
        ") %}
        {% do temporary_table('merge_roots', "select * from merge_roots_next") %}
        {% set left.jumpers = count_of(jumpers) %}
    {% endfor %}
    {% do temporary_table('merge_edges_next', "
        select a, b, min(linked_at) as linked_at
        from (
            select
                least(coalesce(a.root, edges.a), coalesce(b.root, edges.b)) as a,
                greatest(coalesce(a.root, edges.a), coalesce(b.root, edges.b)) as b,
                edges.linked_at
            from merge_edges as edges
            left join merge_roots as a on edges.a = a.node
            left join merge_roots as b on edges.b = b.node
        ) as contracted
        where a != b
        group by a, b
    ") %}
    {% do temporary_table('merge_edges', "select linked_at, a, b from merge_edges_next") %}
{% endmacro %}
