-- One row per journey with a subject that reached a milestone: when each was reached, in order.
-- A milestone that was never recorded is reached with the next one.

with

interactions as (

    select * from {{ ref('int_customer_interactions') }}
    where subject_key is not null and has_occurred

),

journey_types as (

    select * from {{ ref('journey_types') }}

),

reached as (

    select
        interactions.customer_id,
        interactions.subject_type,
        interactions.subject_key,
        min(interactions.occurred_at) filter (
            where journey_types.milestone = 'commitment'
        ) as committed_at,
        min(interactions.occurred_at) filter (
            where journey_types.milestone = 'handover'
        ) as handed_over_at,
        min(interactions.occurred_at) filter (
            where journey_types.milestone = 'end'
        ) as ended_at,
        min(interactions.occurred_at) filter (
            where journey_types.milestone = 'closing'
        ) as first_closed_at,
        max(interactions.occurred_at) filter (
            where journey_types.milestone = 'closing'
        ) as last_closed_at

    from interactions
    inner join journey_types
        on
            interactions.subject_type = journey_types.subject_type
            and interactions.kind = journey_types.kind
    group by
        interactions.customer_id,
        interactions.subject_type,
        interactions.subject_key

),

ended as (

    select
        *,
        least(
            coalesce(ended_at, timestamp '9999-12-31'),
            coalesce(
                handed_over_at + interval '{{ var("during_days") }} days', timestamp '9999-12-31'
            )
        ) as after_from

    from reached

),

final as (

    select
        customer_id,
        subject_type,
        subject_key,
        nullif(least(
            coalesce(committed_at, timestamp '9999-12-31'),
            coalesce(handed_over_at, timestamp '9999-12-31'),
            after_from
        ), timestamp '9999-12-31') as committed_at,
        nullif(least(
            coalesce(handed_over_at, timestamp '9999-12-31'),
            after_from
        ), timestamp '9999-12-31') as handed_over_at,
        nullif(after_from, timestamp '9999-12-31') as ended_at,
        first_closed_at,
        last_closed_at

    from ended

)

select * from final
