-- One row per fix and signal that would be gone: by the fix itself, or as a part of a contact that
-- came after it on the same issue (`is_follow_up`).
-- noqa: disable=LT02

{#- A promise that is not broken is not followed by silence: that is a rule, and no follow-up. #}

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

mended as (

    {%- for scope in ['everywhere', 'location'] %}
    select
        {{ scope }}_fix_number as fix_number,
        signal_id,
        customer_number,
        issue_number,
        promise_id,
        signal

    from signals
    {{ 'union all' if not loop.last else 'where location_fix_number is not null' }}
    {%- endfor %}

),

silences as (

    -- Distinct: a source may state two breaches of one promise.
    select distinct
        mended.fix_number,
        signals.signal_id

    from mended
    inner join signals
        on
            mended.customer_number = signals.customer_number
            and mended.promise_id = signals.promise_id
    where
        mended.signal = 'promise.breach'
        and signals.signal = 'promise.silence'

),

first_on_issue as (

    select
        fix_number,
        issue_number,
        min(signal_id) as first_signal_id

    from mended
    where issue_number is not null
    group by
        fix_number,
        issue_number

),

contacts_after as (

    select distinct
        first_on_issue.fix_number,
        contacts.issue_number,
        contacts.occurred_at,
        contacts.touchpoint

    from first_on_issue
    inner join signals as contacts on first_on_issue.issue_number = contacts.issue_number
    where
        contacts.is_customer_initiated
        and contacts.signal_id > first_on_issue.first_signal_id

),

follow_ups as (

    -- With the contact goes what happened in it: the wait, the transfer, the excuse.
    select
        contacts_after.fix_number,
        signals.signal_id

    from contacts_after
    inner join signals
        on
            contacts_after.issue_number = signals.issue_number
            and contacts_after.occurred_at = signals.occurred_at
            and contacts_after.touchpoint = signals.touchpoint
    where
        not signals.is_derived
        -- What the fix mends is gone already.
        and contacts_after.fix_number <> signals.everywhere_fix_number
        and coalesce(contacts_after.fix_number <> signals.location_fix_number, true)

),

final as (

    select
        fix_number,
        signal_id,
        true as is_mended,
        false as is_follow_up

    from mended

    union all

    select
        fix_number,
        signal_id,
        false as is_mended,
        false as is_follow_up

    from silences

    union all

    select
        fix_number,
        signal_id,
        false as is_mended,
        true as is_follow_up

    from follow_ups

)

select * from final
