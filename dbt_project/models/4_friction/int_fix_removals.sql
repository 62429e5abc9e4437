-- One row per fix, extent and signal that would be gone: alone what the fix mends, with_follow_ups
-- also the contacts that came after it on the same issue.

{#- A fix mends one signal at one touchpoint, everywhere or in one location. A promise that is not
    broken is not followed by silence: that is a rule, and no follow-up. #}

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

mended as (

    select
        {{ surrogate_key(['touchpoint', 'signal', "'everywhere'", "''"]) }} as fix_id,
        *

    from signals

    union all

    select
        {{ surrogate_key(['touchpoint', 'signal', "'location'", 'location_id']) }} as fix_id,
        *

    from signals
    where location_id is not null

),

silences as (

    select
        mended.fix_id,
        signals.signal_id

    from mended
    inner join signals
        on
            mended.customer_id = signals.customer_id
            and mended.promise_id = signals.promise_id
    where
        mended.signal = 'promise.breach'
        and signals.signal = 'promise.silence'

),

alone as (

    select
        fix_id,
        signal_id

    from mended

    union

    select
        fix_id,
        signal_id

    from silences

),

first_on_issue as (

    select
        fix_id,
        customer_id,
        issue_id,
        min(signal_id) as first_signal_id

    from mended
    where issue_id is not null
    group by
        fix_id,
        customer_id,
        issue_id

),

contacts as (

    select * from signals
    where is_customer_initiated and issue_id is not null

),

contacts_after as (

    select distinct
        first_on_issue.fix_id,
        contacts.customer_id,
        contacts.issue_id,
        contacts.occurred_at,
        contacts.touchpoint

    from first_on_issue
    inner join contacts
        on
            first_on_issue.customer_id = contacts.customer_id
            and first_on_issue.issue_id = contacts.issue_id
    where contacts.signal_id > first_on_issue.first_signal_id

),

follow_ups as (

    -- With the contact goes what happened in it: the wait, the transfer, the excuse.
    select
        contacts_after.fix_id,
        signals.signal_id

    from contacts_after
    inner join signals
        on
            contacts_after.customer_id = signals.customer_id
            and contacts_after.issue_id = signals.issue_id
            and contacts_after.occurred_at = signals.occurred_at
            and contacts_after.touchpoint = signals.touchpoint
    where not signals.is_derived

),

final as (

    select
        fix_id,
        'alone' as extent,
        signal_id

    from alone

    union all

    select
        fix_id,
        'with_follow_ups' as extent,
        signal_id

    from (
        select
            fix_id,
            signal_id
        from alone
        union
        select
            fix_id,
            signal_id
        from follow_ups
    ) as together

)

select * from final
