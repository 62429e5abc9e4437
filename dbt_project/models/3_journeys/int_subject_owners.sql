-- One row per subject or conversation of which somebody is known: whose it is, for the events on it
-- that name nobody. An `issue` is named within a customer only, so it has no owner.

with

named as (

    select
        interaction_id,
        subject_type,
        subject_key,
        conversation_key,
        occurred_at,
        named_customer_id as customer_id

    from {{ ref('int_interactions') }}
    where named_customer_id is not null and has_occurred

),

final as (

    select
        subject_type,
        subject_key,
        min_by(customer_id, struct_pack(
            occurred_at := occurred_at, interaction_id := interaction_id
        )) as customer_id

    from named
    where subject_key is not null and subject_type != 'issue'
    group by
        subject_type,
        subject_key

    union all

    select
        'conversation' as subject_type,
        conversation_key as subject_key,
        min_by(customer_id, struct_pack(
            occurred_at := occurred_at, interaction_id := interaction_id
        )) as customer_id

    from named
    where conversation_key is not null
    group by conversation_key

)

select * from final
