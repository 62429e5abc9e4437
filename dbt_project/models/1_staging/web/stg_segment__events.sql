-- One row per track, page and screen call of Segment or RudderStack, typed once for all readers.
-- identify, group and alias calls say who somebody is, and are read by identity alone.

{{ config(materialized='table') }}

with

events as (

    select * from {{ log_events('segment', ['event']) }}

),

typed as (

    select
        event_id,
        source,
        record_type,
        record_key,
        occurred_at,
        recorded_at,
        -- The gate puts the cookie first, the login after it. Who has neither is nobody else.
        coalesce(list_extract(identifiers, 1).hash, record_key) as visitor_key,
        from_json(payload, '{
            "type": "VARCHAR",
            "event": "VARCHAR",
            "name": "VARCHAR",
            "properties": {
                "path": "VARCHAR",
                "order_id": "VARCHAR",
                "estimated_delivery": "VARCHAR",
                "results_count": "DOUBLE",
                "selector": "VARCHAR",
                "x": "DOUBLE",
                "y": "DOUBLE",
                "had_effect": "BOOLEAN",
                "form_id": "VARCHAR",
                "blocking": "BOOLEAN",
                "load_ms": "DOUBLE"
            },
            "context": {
                "page": {"path": "VARCHAR"},
                "timezone": "VARCHAR",
                "userAgent": "VARCHAR"
            }
        }') as r

    from events

),

named as (

    select
        event_id,
        source,
        record_type,
        record_key,
        occurred_at,
        recorded_at,
        visitor_key,
        r.type as call,
        case when r.type = 'track' then r.event else 'Page Viewed' end as event,
        lower(coalesce(r.context.page.path, r.properties.path, '')) as path,
        lower(r.properties.form_id) as form_id,
        lower(r.properties.selector) as selector,
        r.properties.x,
        r.properties.y,
        r.properties.had_effect,
        r.properties.blocking as is_blocking,
        r.properties.results_count as result_count,
        cast(floor(r.properties.load_ms) as bigint) as load_ms,
        ltrim(trim(r.properties.order_id), '#') as order_key,
        r.properties.estimated_delivery,
        r.context.timezone as time_zone,
        lower(r.context.useragent) as user_agent,
        case when r.type != 'track' then coalesce(r.context.page.path, r.properties.path, r.name) end
            as page

    from typed
    where r.type in ('track', 'page', 'screen')

),

final as (

    select
        event_id,
        source,
        record_type,
        record_key,
        occurred_at,
        recorded_at,
        visitor_key,
        event,
        case
            when
                event like 'Checkout%' or event like 'Payment%' or event like 'Order%'
                then 'checkout'
            when event like 'Login%' or event like 'Signed%' then 'account'
            when event = 'Products Searched' then 'search'
            when event like 'Product %' then 'product'
            when path like '/checkout%' or path like '/cart%' or form_id like '%checkout%'
                then 'checkout'
            when
                path like '/account%' or path like '/login%' or path like '/register%'
                or form_id like '%login%' or form_id like '%account%'
                then 'account'
            when path like '/search%' then 'search'
            when path like '/product%' then 'product'
            else 'page'
        end as section,
        -- Paths can hold a name or a mail address: only whether two are the same goes on.
        md5(page) as page_key,
        form_id,
        selector,
        x,
        y,
        had_effect,
        is_blocking,
        result_count,
        load_ms,
        nullif(order_key, '') as order_key,
        estimated_delivery,
        time_zone,
        coalesce(
            contains(user_agent, 'bot') or contains(user_agent, 'crawl')
            or contains(user_agent, 'spider') or contains(user_agent, 'headless'),
            false
        ) as is_automated

    from named

)

select * from final
