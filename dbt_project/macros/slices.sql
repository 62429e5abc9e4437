-- How a build works on a slice: the customers that something new affects, and no others.
--
-- A full build (`scope: full`) makes every table from the whole log. A slice (`scope: slice`) finds
-- the events of the affected customers (stg_affected_events), builds every model that belongs to a
-- customer from those alone, in the schema `slice`, with the very same SQL, and puts the result in
-- the place of those customers' rows. Who is who is worked out in the same way for the identifiers
-- that something new touches (int_affected_identifiers), in the schema `identity_slice`. What belongs to
-- nobody (the reports) is made anew from the merged tables. So there is one text of each model, and
-- no look-back window.

-- The schema of a model: `slice` for those of one customer at a time in a slice, `identity_slice` for those of
-- identifiers that hang together, else the target's.
{% macro generate_schema_name(custom_schema_name, node) -%}
{{ custom_schema_name if is_sliced(custom_schema_name) else target.schema }}
{%- endmacro %}

{% macro is_sliced(schema) %}{{ return(schema in ('slice', 'identity_slice')) }}{% endmacro %}

-- Whether the model or test at hand reads all rows of a model of this schema: a model reads the slice of its
-- own kind alone.
{% macro reads_merged(schema) %}
    {%- if model.resource_type == 'model' -%}
        {{ return(model.schema != schema) }}
    {%- endif -%}
    {{ return(is_of_all_customers(model.depends_on.nodes)) }}
{% endmacro %}

-- Whether a test that reads these nodes is about all customers: it reads a model that is.
{% macro is_of_all_customers(nodes) %}
    {%- for node in nodes if node in graph.nodes -%}
        {%- if graph.nodes[node].config.meta.get('all_customers') -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{% endmacro %}

-- What a test of a model reads of it. In a slice, of a model of all customers that names them: only those whom
-- the slice was about. dbt's own, overridden. Not by `ref`: which model is tested is not known while dbt parses.
{% macro get_where_subquery(relation) -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute and var('scope') == 'slice' else none -%}
    {%- if tested and tested.config.meta.get('all_customers') and 'customer_id' in tested.columns -%}
        {%- set affected = 'select customer_id from ' ~ target.schema ~ '.stg_affected_customers' -%}
        {{ return('(select * from ' ~ relation ~ ' where customer_id in (' ~ affected ~ ')) as tested') }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}

-- Keeps to the customers of the slice, if the build is one, in a test that reads those of all.
{% macro of_affected_customers() -%}
{%- if var('scope') == 'slice' -%}
where customer_id in (select affected.customer_id from {{ ref('stg_affected_customers') }} as affected)
{%- endif -%}
{%- endmacro %}

-- Whether a model outside of its slice reads this one, itself or through a view, or a test of such a
-- model does, or the next slice, or it is published: its rows are merged. Looked up once a build, whose
-- `graph` is.
{% macro is_kept(unique_id) %}
    {%- if 'kept' not in graph -%}
        {%- do graph.update({'kept': kept_models()}) -%}
    {%- endif -%}
    {{ return(unique_id in graph.kept) }}
{% endmacro %}

{% macro kept_models() %}
    {%- set kept = {} -%}
    {%- set views = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type in ('model', 'test') -%}
        {%- if node.resource_type == 'model' and is_sliced(node.schema) -%}
            {%- if node.fqn[-2] == '5_marts' or node.name in (
                'int_event_owners', 'int_open_clocks',
                'int_contested_members', 'int_shared_identifiers', 'int_identifier_customers',
            ) -%}
                {%- do kept.update({node.unique_id: true}) -%}
            {%- endif -%}
            {%- if node.config.materialized == 'view' -%}
                {%- do views.update({node.unique_id: node.depends_on.nodes}) -%}
            {%- endif -%}
            {%- for read in node.depends_on.nodes
                if read in graph.nodes and graph.nodes[read].schema != node.schema -%}
                {%- do kept.update({read: true}) -%}
            {%- endfor -%}
        {%- elif node.resource_type == 'model' or is_of_all_customers(node.depends_on.nodes) -%}
            {%- for read in node.depends_on.nodes -%}
                {%- do kept.update({read: true}) -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {#- What a view reads that is kept, and so on: no view stands on more views than there are. -#}
    {%- for _ in views -%}
        {%- for view in views if view in kept -%}
            {%- for read in views[view] -%}
                {%- do kept.update({read: true}) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(kept) }}
{% endmacro %}

-- After a model of the slice: its rows take the place of those of the customers affected. A view over
-- merged tables is what it was.
{% macro merge_slice() %}
    {%- set merged = this.incorporate(path={'schema': target.schema}) %}
    {%- if execute and is_sliced(model.schema) and not is_kept(model.unique_id) %}
        {#- What nobody else reads is left out, lest it look like a part of the whole. -#}
        {%- set stale = adapter.get_relation(merged.database, merged.schema, merged.identifier) %}
        {%- if stale %}{% do adapter.drop_relation(stale) %}{% endif %}
    {%- elif execute and is_sliced(model.schema) and model.config.materialized != 'view' %}
        {%- if model.schema == 'slice' %}
            {%- set name, key, affected = 'customer', 'customer_id', 'stg_affected_customers' %}
        {%- else %}
            {%- set name, key, affected = 'identifier', 'identifier_hash', 'int_affected_identifiers' %}
        {%- endif %}
        {%- set affected = target.schema ~ '.' ~ affected %}
        {%- set column = model.config.meta.get(name, key) %}
        {%- if column not in adapter.get_columns_in_relation(this) | map(attribute='name') | list %}
            {{ exceptions.raise_compiler_error(
                model.name ~ " is read outside of its slice: it needs a " ~ key ~ ", by which its rows are merged"
            ) }}
        {%- endif %}
        {#- Whoever's rows are merged is affected by that: a slice that is interrupted here finds them. -#}
        insert into {{ affected }} ({{ key }})
        select distinct {{ column }} from {{ this }}
        where {{ column }} not in (select {{ key }} from {{ affected }});
        delete from {{ merged }} where {{ column }} in (select {{ key }} from {{ affected }});
        insert into {{ merged }} by name select * from {{ this }}
    {%- endif %}
{% endmacro %}

-- A whole number made of a text key, for joins of many rows: two texts that share one would only
-- make a slice larger than it must be. DuckDB's own is a hundred times as fast as md5; another version
-- of DuckDB may have another, and builds everything (see serving.warehouse.rules_of).
{% macro key_number(text) -%}{{ return(adapter.dispatch('key_number')(text)) }}{%- endmacro %}
{% macro duckdb__key_number(text) -%}hash({{ text }}){%- endmacro %}
{% macro spark__key_number(text) -%}
{{ hex_number('substr(md5(' ~ text ~ '), 1, 15)') }}
{%- endmacro %}

-- The batches that no finished build has seen, as texts in SQL. They are named one by one, so that the
-- files of all others are passed over.
{% macro new_batches() -%}
{%- if execute -%}
{%- set batches = run_query("select batch_id from " ~ target.schema ~ ".slice_batches").columns[0].values() -%}
'{{ batches | join("', '") }}'
{%- endif -%}
{%- endmacro %}

-- The events that no finished build has seen: of batches new in the log, or past its two times.
{% macro new_log_events() -%}
{%- if var('scope') == 'full' or not execute -%}
{{ ref('stg_log_events') }}
{%- else -%}
{%- set seen = run_query("select as_of, known_at from " ~ target.schema ~ ".slice_since").rows[0] -%}
{%- set named = "batch_id in (" ~ new_batches() ~ ")" -%}
(
    select * from {{ ref('stg_log_events') }} where {{ named }}
    union all
    select * from {{ ref('stg_log_events') }}
    where not {{ named }} and occurred_at > timestamp '{{ seen[0] }}'
    union all
    select * from {{ ref('stg_log_events') }}
    where
        not {{ named }}
        and occurred_at <= timestamp '{{ seen[0] }}'
        and recorded_at > timestamp '{{ seen[1] }}'
)
{%- endif -%}
{%- endmacro %}

-- A query of the log's rows whose events are affected. Where these are few in a large file, they are found by
-- their ids first and then read by their numbers, so that nothing else of other rows is decoded.
{% macro affected_log_rows(log, affected) -%}
{{ return(adapter.dispatch('affected_log_rows')(log, affected)) }}
{%- endmacro %}

{% macro spark__affected_log_rows(log, affected) -%}
select * from {{ log }} where {{ is_affected(affected) }}
{%- endmacro %}

{% macro duckdb__affected_log_rows(log, affected) -%}
{#- Numbers are written into the query: a hundred thousand of them at most, of twenty files. -#}
{%- set sparse = [] -%}
{%- if execute -%}
{%- set sparse = run_query("
    with counted as (
        select
            filename,
            max(file_row_number) as last_row,
            count(*) as row_count,
            string_agg(file_row_number, ', ' order by file_row_number) as row_numbers
        from " ~ log ~ "
        where " ~ is_affected(affected) ~ "
        group by filename
        having max(file_row_number) >= 1000
    )
    select filename, concat('(', row_numbers, ')') as row_numbers from counted
    qualify
        row_number() over (order by last_row desc, filename asc) <= 20
        and sum(row_count) over (order by last_row desc, filename asc) <= 100000
    order by filename
").rows -%}
{%- endif -%}
select * from {{ log }}
where {{ is_affected(affected) }}
{%- for file, row_numbers in sparse %}
    and filename != {{ quoted(file) }}
{%- endfor %}
{%- for file, row_numbers in sparse %}
union all
select * from {{ log }}
where filename = {{ quoted(file) }} and file_row_number in {{ row_numbers }}
{%- endfor %}
{%- endmacro %}

{% macro quoted(text) -%}'{{ text | replace("'", "''") }}'{%- endmacro %}

{% macro is_affected(affected) -%}
{{ key_number('event_id') }} in (select affected.event_number from {{ affected }} as affected)
{%- endmacro %}

-- Keeps to the events of the slice, if the build is one, in a model that reads all customers' rows.
{% macro of_slice() -%}
{%- if var('scope') == 'slice' -%}
where event_id in (select sliced.event_id from {{ ref('stg_events') }} as sliced)
{%- endif -%}
{%- endmacro %}

-- Keeps to the identifiers that a slice of identity works out again, in a model that reads those of all.
-- `also`: another condition on them.
{% macro of_identifiers(column, also='true') -%}
{%- if var('scope') == 'slice' -%}
where {{ column }} in (
        select affected.identifier_hash from {{ ref('int_affected_identifiers') }} as affected where {{ also }}
    )
{%- endif -%}
{%- endmacro %}

-- Keeps to the rows that name an identifier or a customer of the slice, in a model that reads those of all
-- and is no part of it; and deletes those of the last build.
{% macro of_affected() -%}
{%- if var('scope') == 'slice' -%}
where
        identifier_hash in (select affected.identifier_hash from {{ ref('int_affected_identifiers') }} as affected)
        or customer_id in (select customers.customer_id from {{ ref('stg_affected_customers') }} as customers)
{%- endif -%}
{%- endmacro %}

{% macro delete_affected() -%}
{%- if execute and var('scope') == 'slice' -%}
delete from {{ this }}
{{ of_affected() }}
{%- endif -%}
{%- endmacro %}
