-- One row per fix and signal that would be gone: by the fix itself, or as a part of a contact that
-- came after it on the same issue (`is_follow_up`).
-- noqa: disable=LT02

{#- A promise that is not broken is not followed by silence: that is a rule, and no follow-up. #}

with

signals as (

    select * from {{ ref('int_fix_signals') }}

),

everywhere as (

    select * from {{ ref('int_fixes') }}
    where scope = 'everywhere'

),

locations as (

    select * from {{ ref('int_fixes') }}
    where scope = 'location'

),

placed as (

    select
        signals.signal_id,
        signals.customer_number,
        signals.issue_number,
        signals.promise_id,
        signals.signal,
        signals.touchpoint,
        signals.occurred_at,
        signals.is_derived,
        signals.is_customer_initiated,
        everywhere.fix_number as everywhere_fix_number,
        locations.fix_number as location_fix_number

    from signals
    inner join everywhere
        on
            signals.touchpoint = everywhere.touchpoint
            and signals.signal = everywhere.signal
    left join locations
        on
            signals.touchpoint = locations.touchpoint
            and signals.signal = locations.signal
            and signals.location_id = locations.location_id

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

    from placed
    {{ 'union all' if not loop.last else 'where location_fix_number is not null' }}
    {%- endfor %}

),

silences as (

    -- Distinct: a source may state two breaches of one promise.
    select distinct
        mended.fix_number,
        placed.signal_id

    from mended
    inner join placed
        on
            mended.customer_number = placed.customer_number
            and mended.promise_id = placed.promise_id
    where
        mended.signal = 'promise.breach'
        and placed.signal = 'promise.silence'

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
    inner join placed as contacts on first_on_issue.issue_number = contacts.issue_number
    where
        contacts.is_customer_initiated
        and contacts.signal_id > first_on_issue.first_signal_id

),

follow_ups as (

    -- With the contact goes what happened in it: the wait, the transfer, the excuse.
    select
        contacts_after.fix_number,
        placed.signal_id

    from contacts_after
    inner join placed
        on
            contacts_after.issue_number = placed.issue_number
            and contacts_after.occurred_at = placed.occurred_at
            and contacts_after.touchpoint = placed.touchpoint
    where
        not placed.is_derived
        -- What the fix mends is gone already.
        and contacts_after.fix_number <> placed.everywhere_fix_number
        and contacts_after.fix_number <> coalesce(placed.location_fix_number, 0)

),

final as (

    select
        fix_number,
        signal_id,
        false as is_follow_up

    from mended

    union all

    select
        fix_number,
        signal_id,
        false as is_follow_up

    from silences

    union all

    select
        fix_number,
        signal_id,
        true as is_follow_up

    from follow_ups

)

select * from final
