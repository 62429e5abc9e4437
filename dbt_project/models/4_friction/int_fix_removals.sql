-- One row per fix, extent and signal that would be gone: alone what the fix mends, with_follow_ups
-- also the contacts that came after it on the same issue.

{#- A promise that is not broken is not followed by silence: that is a rule, and no follow-up. #}

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

fixes as (

    select * from {{ ref('int_fixes') }}

),

mended as (

    select
        fixes.fix_number,
        signals.signal_id,
        signals.customer_number,
        signals.issue_id,
        signals.promise_id,
        signals.signal

    from signals
    inner join fixes
        on
            signals.touchpoint = fixes.touchpoint
            and signals.signal = fixes.signal
            and fixes.scope = 'everywhere'

    union all

    select
        fixes.fix_number,
        signals.signal_id,
        signals.customer_number,
        signals.issue_id,
        signals.promise_id,
        signals.signal

    from signals
    inner join fixes
        on
            signals.touchpoint = fixes.touchpoint
            and signals.signal = fixes.signal
            and signals.location_id = fixes.location_id

),

silences as (

    select
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

alone as (

    select
        fix_number,
        signal_id

    from mended

    union

    select
        fix_number,
        signal_id

    from silences

),

first_on_issue as (

    select
        fix_number,
        customer_number,
        issue_id,
        min(signal_id) as first_signal_id

    from mended
    where issue_id is not null
    group by
        fix_number,
        customer_number,
        issue_id

),

contacts as (

    select * from signals
    where is_customer_initiated and issue_id is not null

),

contacts_after as (

    select distinct
        first_on_issue.fix_number,
        contacts.customer_number,
        contacts.issue_id,
        contacts.occurred_at,
        contacts.touchpoint

    from first_on_issue
    inner join contacts
        on
            first_on_issue.customer_number = contacts.customer_number
            and first_on_issue.issue_id = contacts.issue_id
    where contacts.signal_id > first_on_issue.first_signal_id

),

follow_ups as (

    -- With the contact goes what happened in it: the wait, the transfer, the excuse.
    select
        contacts_after.fix_number,
        signals.signal_id

    from contacts_after
    inner join signals
        on
            contacts_after.customer_number = signals.customer_number
            and contacts_after.issue_id = signals.issue_id
            and contacts_after.occurred_at = signals.occurred_at
            and contacts_after.touchpoint = signals.touchpoint
    where not signals.is_derived

),

final as (

    select
        fix_number,
        'alone' as extent,
        signal_id

    from alone

    union all

    select
        fix_number,
        'with_follow_ups' as extent,
        signal_id

    from (
        select
            fix_number,
            signal_id
        from alone
        union
        select
            fix_number,
            signal_id
        from follow_ups
    ) as together

)

select * from final
