-- One row per thing about the data that a reader should know: what was counted, where, and why.

with

unusable as (

    select * from {{ ref('stg_unusable_identifiers') }}

),

blocked as (

    select * from {{ ref('int_blocked_identifiers') }}

),

demoted as (

    select * from {{ ref('int_demoted_links') }}

),

problems as (

    select * from {{ ref('int_promise_problems') }}

),

people as (

    select * from {{ ref('int_people_seen') }}
    where {{ is_external('customer_id') }}

),

customers as (

    select * from {{ ref('int_customer_channels') }}
    where {{ is_external('customer_id') }}

),

identifiers as (

    select * from {{ ref('int_identifiers_seen') }}
    where {{ is_external('customer_id') }}

),

flags as (

    select * from {{ ref('stg_event_flags') }}

),

batches as (

    select * from {{ ref('stg_batches') }}

),

run as (

    select * from {{ ref('stg_run') }}

),

together as (

    select
        'identifier not usable' as topic,
        source,
        identifier_type as subject,
        problem as reason,
        count(*) as row_count,
        cast(null as double) as share

    from unusable
    group by all

    union all

    select
        'identifier blocked' as topic,
        cast(null as varchar) as source,
        identifier_type as subject,
        reason,
        count(*) as row_count,
        cast(null as double) as share

    from blocked
    group by all

    union all

    select
        'link demoted' as topic,
        cast(null as varchar) as source,
        concat(type_a, ' and ', type_b) as subject,
        reason,
        count(*) as row_count,
        cast(null as double) as share

    from demoted
    group by all

    union all

    select
        concat('promise ', replace(problem, '_', ' ')) as topic,
        source,
        cast(null as varchar) as subject,
        reason,
        count(*) as row_count,
        cast(null as double) as share

    from problems
    group by all

    union all

    select
        'interaction of nobody known' as topic,
        source,
        channel as subject,
        'no identifier on it, its subject or its conversation' as reason,
        cast(
            coalesce(sum(interaction_count) filter (where is_anonymous), 0) as bigint
        ) as row_count,
        coalesce(sum(interaction_count) filter (where is_anonymous), 0)
        / cast(sum(interaction_count) as double) as share

    from people
    group by
        source,
        channel

    union all

    select
        'people before stitching' as topic,
        cast(null as varchar) as source,
        channel as subject,
        'different identifiers on their events' as reason,
        count(distinct identifier_hash) as row_count,
        cast(null as double) as share

    from identifiers
    group by channel

    union all

    select
        'people after stitching' as topic,
        cast(null as varchar) as source,
        channel as subject,
        'different customers, anonymous ones left out' as reason,
        count(*) filter (where is_known) as row_count,
        cast(null as double) as share

    from customers
    where not is_all
    group by channel

    union all

    select
        'flagged at the gate' as topic,
        source,
        cast(null as varchar) as subject,
        replace(flag, '_', ' ') as reason,
        count(*) as row_count,
        cast(null as double) as share

    from flags
    group by all

    union all

    select
        'records set aside' as topic,
        source,
        cast(null as varchar) as subject,
        'in quarantine with their reasons; replay after a mend' as reason,
        cast(sum(set_aside_count) as bigint) as row_count,
        sum(set_aside_count)
        / cast(nullif(sum(set_aside_count) + sum(event_count), 0) as double) as share

    from batches
    group by source

    union all

    select
        'source behind' as topic,
        batches.source,
        cast(null as varchar) as subject,
        'whole days from what the source covers to the as_of of the run' as reason,
        cast(date_diff('day', max(batches.covers_until), min(run.as_of)) as bigint) as row_count,
        cast(null as double) as share

    from batches
    cross join run
    -- People decide when they like.
    where batches.source != 'decisions'
    group by batches.source
    -- of a source whose files were all empty or refused, nothing is known
    having max(batches.covers_until) is not null

),

final as (

    select
        {{ surrogate_key(['topic', 'source', 'subject', 'reason']) }} as quality_id,
        topic,
        source,
        subject,
        reason,
        row_count,
        share

    from together
    where row_count > 0 or topic like 'people%'

)

select * from final
