-- One row per signal that a mail message gives. See the table in its description.

with

interactions as (

    select * from {{ ref('stg_mail__interactions') }}

),

messages as (

    {{ messages_answered('interactions') }}

),

final as (

    select
        interaction_id,
        0 as signal_position,
        case when is_reply then 'reply.latency' else 'contact.problem' end as signal,
        case when is_reply then waited_seconds end as measure

    from messages
    where is_unprompted or waited_seconds is not null

)

select * from final
