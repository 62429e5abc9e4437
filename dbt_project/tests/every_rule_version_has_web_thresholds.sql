-- Rule versions of the catalogue that lack a web threshold: their clicks would signal nothing.

with

rule_versions as (

    select distinct rule_version
    from {{ ref('friction_catalogue') }}

),

thresholds as (

    select * from {{ ref('web_thresholds') }}

),

names as (

    select distinct name
    from thresholds

),

final as (

    select
        rule_versions.rule_version,
        names.name

    from rule_versions
    cross join names
    left join thresholds
        on
            rule_versions.rule_version = thresholds.rule_version
            and names.name = thresholds.name
    where thresholds.name is null

)

select * from final
