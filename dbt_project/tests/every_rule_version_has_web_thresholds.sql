-- Rule versions of the catalogue that lack a web threshold: their clicks would signal nothing.

select
    catalogue.rule_version,
    thresholds.name

from (select distinct rule_version from {{ ref('friction_catalogue') }}) as catalogue
cross join (select distinct name from {{ ref('web_thresholds') }}) as thresholds
left join {{ ref('web_thresholds') }} as own
    on
        catalogue.rule_version = own.rule_version
        and thresholds.name = own.name
where own.name is null
