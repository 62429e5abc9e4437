-- What dbt asks of an adapter in SQL: DuckDB's, as everywhere in this project; the cursor has it run on
-- Spark (see serving/spark/dialect.py).

{% macro spark__create_table_as(temporary, relation, compiled_code) -%}
create or replace {{ 'temporary ' if temporary }}table {{ relation }} as
{%- if config.get('contract').enforced %}
select
    {%- for column in model.columns.values() %}
    cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    {{ compiled_code }}
) as contracted
{%- else %}
{{ compiled_code }}
{%- endif %}
{%- endmacro %}

{% macro spark__create_view_as(relation, sql) -%}
create or replace view {{ relation }} as
{{ sql }}
{%- endmacro %}

-- A table or view takes the place of the one before it in one step, so there is no backup to keep.
{% materialization table, adapter='spark' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}{{ create_table_as(false, target_relation, compiled_code) }}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='spark' %}
    {#- What is published is read from files. -#}
    {%- set is_published = config.get('contract').enforced -%}
    {%- set target_relation = this.incorporate(type='table' if is_published else 'view') -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        {%- if is_published -%}{{ create_table_as(false, target_relation, compiled_code) }}
        {%- else -%}{{ create_view_as(target_relation, compiled_code) }}{%- endif -%}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization incremental, adapter='spark' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {% if load_cached_relation(this) is none or should_full_refresh() %}
        {% call statement('main') %}{{ create_table_as(false, target_relation, compiled_code) }}{% endcall %}
    {% else %}
        {%- set key = config.get('unique_key') or [] -%}
        {%- set keys = ([key] if key is string else key) | join(', ') -%}
        {%- set fresh = this.identifier ~ '__fresh' -%}
        {% do temporary_table(fresh, compiled_code) %}
        {% call statement('main') %}
            create or replace table {{ target_relation }} as
            select * from {{ target_relation }}
            {{ 'where (' ~ keys ~ ') not in (select ' ~ keys ~ ' from ' ~ fresh ~ ')' if keys }}
            union all by name
            select * from {{ fresh }}
        {% endcall %}
    {% endif %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% materialization seed, adapter='spark' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks) }}
    {%- set path = model.root_path ~ '/' ~ model.original_file_path -%}
    {% do adapter.load_seed(target_relation, path, config.get('column_types', {})) %}
    {% do store_result('agate_table', response='OK') %}
    {% call noop_statement('main', 'seeded') %}{% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
