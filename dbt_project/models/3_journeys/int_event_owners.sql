-- One row per event and key of an interaction on it: its customer, the subject and the conversation
-- that it was found to be on. What a later slice starts from.

with

interactions as (

    select * from {{ ref('int_customer_interactions') }}

),

named as (

    select
        event_id,
        customer_id,
        unnest([
            'customer/' || customer_id,
            'conversation/' || conversation_key,
            case when subject_type != 'issue' then subject_type || '/' || subject_key end
        ]) as key

    from interactions

),

final as (

    select distinct
        customer_id,
        {{ key_number('event_id') }} as event_number,
        {{ key_number('key') }} as key_number

    from named
    where key is not null

)

select * from final
