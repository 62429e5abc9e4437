-- One row per contested identifier and period, as the log knew: whom it named, or why nobody.

with

moments as (

    select * from {{ ref('int_identity_moments') }}

),

identifiers as (

    select * from {{ ref('int_contested_identifiers') }}

),

components as (

    select * from {{ ref('int_moment_components') }}

),

decisions as (

    select * from {{ ref('int_identity_decisions') }}
    where decision = 'block'

),

incident as (

    select
        a as node,
        is_decided,
        is_proposed

    from {{ ref('int_moment_links') }}
    where not is_apart

    union all

    select
        b as node,
        is_decided,
        is_proposed

    from {{ ref('int_moment_links') }}
    where not is_apart

),

linked as (

    select
        node,
        bool_or(is_decided) as is_decided,
        bool_and(is_proposed) as is_proposed

    from incident
    group by node

),

known as (

    select
        moments.moment_number,
        moments.known_at,
        identifiers.identifier_number,
        components.component,
        coalesce(linked.is_decided, false) as is_decided,
        coalesce(linked.is_proposed, false) as is_proposed,
        case
            when components.component is not null then null
            when decisions.decision_id is not null then 'by decision'
            when identifiers.shared_from <= moments.known_at then identifiers.shared_reason
            else identifiers.listed_reason
        end as blocked_reason

    from moments
    inner join identifiers
        on
            moments.closure = identifiers.closure
            and moments.known_at >= identifiers.first_known_at
    left join components
        on {{ at_moment('moments.moment_number', 'identifiers.identifier_number') }} = components.node
    left join linked
        on {{ at_moment('moments.moment_number', 'identifiers.identifier_number') }} = linked.node
    left join decisions
        on
            identifiers.identifier_hash = decisions.identifier_a
            and moments.known_at >= decisions.holds_from
            and (decisions.holds_until is null or moments.known_at < decisions.holds_until)

),

named as (

    select
        *,
        case
            when blocked_reason is not null then null
            when component is null then identifier_number
            else min(identifier_number) over (partition by component)
        end as customer_number

    from known

),

told as (

    select
        *,
        case
            when blocked_reason is not null then concat('blocked: ', blocked_reason)
            when component is null then 'seen alone'
            when is_decided then 'decided'
            when is_proposed then 'proposed'
            when customer_number = identifier_number then 'first recorded'
            else 'seen together'
        end as rule

    from named

),

changes as (

    select
        *,
        lag(moment_number) over history is null
        or coalesce(customer_number, 0) != coalesce(lag(customer_number) over history, 0) as is_change

    from told

    window history as (partition by identifier_number order by known_at)

),

runs as (

    select
        *,
        count(*) filter (where is_change) over (
            partition by identifier_number order by known_at
            rows between unbounded preceding and current row
        ) as period_number

    from changes

),

periods as (

    select
        identifier_number,
        customer_number,
        period_number,
        min(known_at) as valid_from,
        max_by(rule, known_at) as rule

    from runs
    group by
        identifier_number,
        customer_number,
        period_number

),

final as (

    select
        identifier_number,
        customer_number,
        rule,
        valid_from,
        lead(valid_from) over (
            partition by identifier_number order by valid_from, period_number
        ) as valid_to

    from periods

)

select * from final
