-- One row per interaction, those still to come included, with its customer, and with the subject of its
-- conversation where it has none of its own. Nobody known: an anonymous customer of the subject,
-- conversation or interaction.

{{ config(materialized='view') }}

with

interactions as (

    select * from {{ ref('int_interactions') }}

),

-- Imported twice: a CTE that is read twice would be copied whole.
conversations as (

    select
        interaction_id,
        conversation_key,
        subject_type,
        subject_key,
        occurred_at

    from {{ ref('int_interactions') }}
    where conversation_key is not null and subject_key is not null and has_occurred

),

owners as (

    select * from {{ ref('int_subject_owners') }}

),

conversation_subjects as (

    select
        conversation_key,
        min_by(subject_type, struct_pack(
            occurred_at := occurred_at, interaction_id := interaction_id
        )) as subject_type,
        min_by(subject_key, struct_pack(
            occurred_at := occurred_at, interaction_id := interaction_id
        )) as subject_key

    from conversations
    group by conversation_key

),

subjects_found as (

    select
        interactions.* exclude (subject_type, subject_key),
        -- A row that states a signal keeps what it states, also that it has no subject.
        case
            when interactions.signal is null and interactions.subject_key is null
                then conversation_subjects.subject_type
            else interactions.subject_type
        end as subject_type,
        case
            when interactions.signal is null and interactions.subject_key is null
                then conversation_subjects.subject_key
            else interactions.subject_key
        end as subject_key

    from interactions
    left join conversation_subjects
        on interactions.conversation_key = conversation_subjects.conversation_key

),

anonymous_named as (

    select
        *,
        case
            when subject_key is not null and subject_type != 'issue'
                then {{ surrogate_key(["'subject'", 'subject_type', 'subject_key']) }}
            when conversation_key is not null
                then {{ surrogate_key(["'conversation'", 'conversation_key']) }}
            else md5(interaction_id)
        end as anonymous_key

    from subjects_found

),

final as (

    select
        anonymous_named.* exclude (named_customer_id),  -- noqa: RF02
        -- A ticket about another person's order is a talk with who opened it.
        coalesce(
            anonymous_named.named_customer_id,
            conversation_owners.customer_id,
            subject_owners.customer_id,
            'anon-' || anonymous_named.anonymous_key
        ) as customer_id,
        coalesce(
            anonymous_named.named_customer_id,
            conversation_owners.customer_id,
            subject_owners.customer_id
        ) is null as is_anonymous

    from anonymous_named
    left join owners as subject_owners
        on
            anonymous_named.subject_type = subject_owners.subject_type
            and anonymous_named.subject_key = subject_owners.subject_key
    left join owners as conversation_owners
        on
            conversation_owners.subject_type = 'conversation'
            and anonymous_named.conversation_key = conversation_owners.subject_key

)

select * from final
