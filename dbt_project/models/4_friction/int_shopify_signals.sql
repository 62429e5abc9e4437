-- One row per signal that Shopify's records give. See the table in its description.

with

steps as (

    select * from {{ ref('int_journey_steps') }}
    where source = 'shopify'

),

contacts as (

    select * from {{ ref('int_journey_steps') }}
    where is_human_contact and direction = 'inbound' and source != 'shopify'

),

fulfillments as (

    select * from {{ ref('stg_shopify__fulfillments') }}

),

refunds as (

    select * from {{ ref('stg_shopify__refunds') }}

),

reasons as (

    select * from {{ ref('shopify_reasons') }}

),

delivered as (

    select
        steps.interaction_id,
        0 as signal_position,
        'delivery.latency' as signal,
        {{ epoch_second('steps.occurred_at') }} - {{ epoch_second('fulfillments.ordered_at') }} as measure

    from steps
    inner join fulfillments on steps.record_key = fulfillments.fulfillment_gid
    where steps.kind = 'delivered' and steps.occurred_at >= fulfillments.ordered_at

),

-- One reason, one signal: an order that was held for want of stock is not charged again when it
-- is cancelled for it, nor a refund again for the reason of its return.
explained as (

    select
        steps.interaction_id,
        steps.subject_key,
        steps.customer_id,
        steps.kind,
        steps.occurred_at,
        steps.record_key,
        steps.position,
        reasons.signal

    from steps
    inner join reasons
        on
            steps.reason = reasons.reason
            and (
                (steps.kind = 'held' and reasons.field = 'hold_reason')
                or (steps.kind = 'cancelled' and reasons.field = 'cancel_reason')
                or (steps.kind = 'returned' and reasons.field = 'return_reason')
                or (steps.kind = 'disputed' and reasons.field = 'dispute')
            )

),

notes as (

    select
        steps.interaction_id,
        steps.subject_key,
        steps.customer_id,
        steps.kind,
        steps.occurred_at,
        steps.record_key,
        steps.position,
        reasons.signal

    from steps
    inner join refunds on steps.record_key = refunds.record_key
    inner join reasons
        on
            (reasons.field = 'refund_note' and refunds.note_reason = reasons.reason)
            or (reasons.field = 'adjustment_reason' and refunds.adjustment_reason = reasons.reason)
    where steps.kind = 'refunded'

),

stated as (

    select * from explained
    union all
    select * from notes

),

stated_once as (

    select
        interaction_id,
        case signal
            when 'store.out_of_stock' then 0
            when 'product.not_as_expected' then 1
            when 'bill.error' then 2
            when 'recovery.no_return' then 4
            when 'recovery.compensation' then 5
        end as signal_position,
        signal,
        cast(null as bigint) as measure

    from stated
    qualify row_number() over (
        partition by
            customer_id, subject_key, signal,
            -- Two refunds may each be a recovery.
            case when signal like 'recovery.%' then record_key end
        order by occurred_at, record_key, position, interaction_id
    ) = 1

),

-- How long the customer waited for the money: from the return, the cancellation, or the first time
-- they turned to us after they had the goods, whichever came first.
asked_for as (

    select
        refunded.interaction_id,
        refunded.occurred_at,
        max(earlier.occurred_at) filter (
            where earlier.kind in ('delivered', 'collected', 'handed_over', 'refunded')
        ) as had_it_at,
        min(earlier.occurred_at) filter (where earlier.kind in ('returned', 'cancelled'))
            as returned_at

    from steps as refunded
    inner join steps as earlier
        on
            refunded.customer_id = earlier.customer_id
            and refunded.issue_id = earlier.issue_id
            and refunded.occurred_at >= earlier.occurred_at
            and refunded.interaction_id != earlier.interaction_id
    where refunded.kind = 'refunded'
    group by refunded.interaction_id, refunded.occurred_at

),

turned_to_us as (

    select
        refunded.interaction_id,
        min(contacts.occurred_at) as contacted_at

    from steps as refunded
    inner join asked_for on refunded.interaction_id = asked_for.interaction_id
    inner join contacts
        on
            refunded.customer_id = contacts.customer_id
            and refunded.issue_id = contacts.issue_id
            and refunded.occurred_at >= contacts.occurred_at
            and asked_for.had_it_at < contacts.occurred_at
    group by refunded.interaction_id

),

refunded as (

    select
        asked_for.interaction_id,
        3 as signal_position,
        'refund.latency' as signal,
        {{ epoch_second('asked_for.occurred_at') }}
        - {{ epoch_second('least(asked_for.returned_at, turned_to_us.contacted_at)') }} as measure

    from asked_for
    left join turned_to_us on asked_for.interaction_id = turned_to_us.interaction_id
    where coalesce(asked_for.returned_at, turned_to_us.contacted_at) is not null

),

-- Keep it: money back for goods that were sent and that nobody asked to have back.
kept_goods as (

    select
        steps.interaction_id,
        4 as signal_position,
        'recovery.no_return' as signal,
        cast(null as bigint) as measure

    from steps
    inner join refunds on steps.record_key = refunds.record_key
    where
        steps.kind = 'refunded'
        and refunds.has_no_restock
        and refunds.return_gid is null
        and exists (
            select 1 from steps as earlier
            where
                earlier.subject_key = steps.subject_key
                and earlier.kind in ('fulfilled', 'delivered', 'collected', 'handed_over')
                and earlier.occurred_at <= steps.occurred_at
        )
        and not exists (
            select 1 from steps as earlier
            where
                earlier.subject_key = steps.subject_key
                and earlier.kind = 'returned'
                and earlier.occurred_at <= steps.occurred_at
        )

),

signals as (

    select * from delivered
    union all
    select * from stated_once
    union all
    select * from refunded
    union all
    select * from kept_goods
    where interaction_id not in (
        select stated_once.interaction_id from stated_once
        where stated_once.signal = 'recovery.no_return'
    )

),

final as (

    select
        interaction_id,
        signal_position,
        signal,
        cast(measure as bigint) as measure

    from signals

)

select * from final
