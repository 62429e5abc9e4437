"""Reads what the report says from one release: a few hundred rows, whatever the release holds.

Everything is summed and capped in SQL; what is cut off is counted, and the page says so.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from serving.report.facts import (
    Channel,
    Facts,
    Fix,
    Heat,
    Hidden,
    Intervention,
    Passage,
    Promise,
    PromiseKind,
    Quality,
    Signal,
    Stop,
    Totals,
    Touch,
    Week,
    WorstJourney,
)
from serving.score_at import SEEDS_FOLDER, levels_at, opened

WEEKS = 13
MONTH_WEEKS = 4
HEAT_TOUCHPOINTS, HEAT_CHANNELS = 12, 8
STOPS, STOP_TOUCHPOINTS = 4, 6
WORST_JOURNEYS, JOURNEY_SIGNALS, JOURNEY_PROMISES = 10, 150, 8
TOP_FIXES = 10
PROMISE_KINDS = 12
HIDDEN_JOURNEYS, HIDDEN_TOUCHES = 10, 40
DUE_INTERVENTIONS = 10
CHANNELS_SHOWN = 15
QUALITY_ROWS = 60

Row = TypeVar("Row")

TOTALS = """
    select
        (select count(*) from dim_customers),
        (select count(*) from dim_customers where not is_anonymous),
        (select count(*) from dim_customers where level >= 2),
        (select count(*) from fct_interactions),
        (select count(*) from fct_interactions where is_anonymous),
        (select count(*) from fct_journeys),
        (select coalesce(sum(points_now), 0)::double from fct_friction where part <> 'credit'),
        (select coalesce(avg(coverage), 0) from dim_customers where not is_anonymous),
        (select count(distinct channel) from fct_interactions),
        (select count(*) from fct_promises where state = 'broken_open')
"""

# The last week holds what is not seven days older than as_of.
WEEK_OF = """
    (epoch_us(getvariable('as_of')) - epoch_us({})) // (604800000000)
"""

WEEK_SUMS = f"""
    with happened as (
        select {WEEK_OF.format("occurred_at")} as week, points::double as points,
            0 as contacts, 0 as kept, 0 as broken
        from fct_friction
        where part <> 'credit' and occurred_at <= getvariable('as_of')
        union all
        select {WEEK_OF.format("occurred_at")}, 0, 1, 0, 0
        from fct_interactions
        where is_human_contact and direction = 'inbound'
        union all
        select {WEEK_OF.format("due_at")}, 0, 0,
            (state in ('kept_early', 'kept_on_time') and not is_broken)::integer,
            is_broken::integer
        from fct_promises
        where due_at <= getvariable('as_of')
    )

    select week, sum(points), sum(contacts)::bigint, sum(kept)::bigint, sum(broken)::bigint
    from happened
    where week between 0 and ?
    group by week
"""

HEAT = f"""
    with felt as (
        select touchpoint, channel, points_now::double as points
        from rpt_touchpoint_channel where points_now > 0
    ),

    touchpoints as (
        select touchpoint, row_number() over (order by sum(points) desc, touchpoint) as place
        from felt group by touchpoint
    ),

    channels as (
        select channel, row_number() over (order by sum(points) desc, channel) as place
        from felt group by channel
    ),

    lumped as (
        select
            case when touchpoints.place <= {HEAT_TOUCHPOINTS} then touchpoint end as touchpoint,
            case when channels.place <= {HEAT_CHANNELS} then channel end as channel,
            points
        from felt
        join touchpoints using (touchpoint)
        join channels using (channel)
    )

    select touchpoint, channel, sum(points) from lumped
    group by touchpoint, channel
    order by touchpoint nulls last, channel nulls last
"""

# Steps at one touchpoint in a row are one stop. Only journeys that cost as much as level 1.
STOPS_OF_JOURNEYS = f"""
    create temp table stops as

    with steps as (
        select
            journey_id, touchpoint, points::double as points,
            sum((previous_touchpoint is distinct from touchpoint)::integer) over (
                partition by journey_id order by step_number
                rows between unbounded preceding and current row
            ) as stop
        from fct_interactions
        where journey_id in (
            select journey_id from fct_journeys where points >= getvariable('costly')
        )
    ),

    visits as (
        select journey_id, stop, touchpoint, sum(points) as points
        from steps where stop <= {STOPS}
        group by journey_id, stop, touchpoint
    ),

    most_visited as (
        select stop, touchpoint
        from visits
        group by stop, touchpoint
        qualify row_number() over (partition by stop order by count(*) desc, touchpoint)
            <= {STOP_TOUCHPOINTS}
    )

    select visits.journey_id, visits.stop::integer as stop, most_visited.touchpoint, visits.points
    from visits
    left join most_visited
        on visits.stop = most_visited.stop and visits.touchpoint = most_visited.touchpoint
"""

STOP = """
    select stop, touchpoint, count(*), sum(points) from stops
    group by stop, touchpoint
    order by stop, count(*) desc, touchpoint nulls last
"""

PASSAGE = """
    select stops.stop, stops.touchpoint, later.touchpoint, count(*)
    from stops
    join stops as later
        on stops.journey_id = later.journey_id and stops.stop + 1 = later.stop
    group by stops.stop, stops.touchpoint, later.touchpoint
    order by stops.stop, count(*) desc, stops.touchpoint nulls last, later.touchpoint nulls last
"""

WORST = f"""
    with felt as (
        select journey_id, sum(points_now)::double as points_now
        from fct_friction
        where part <> 'credit' and journey_id is not null
        group by journey_id
        having sum(points_now) > 0
    )

    select
        journeys.journey_id, journeys.customer_id, journeys.subject_type, journeys.subject_key,
        journeys.status, coalesce(journeys.channel_path, ''), journeys.opened_at,
        journeys.points::double, felt.points_now, customers.score, customers.level
    from felt
    join fct_journeys as journeys using (journey_id)
    join dim_customers as customers using (customer_id)
    order by felt.points_now desc, journeys.journey_id
    limit {WORST_JOURNEYS}
"""

# The score before a signal follows from the sums after it, exactly: the signal's own part is whole.
JOURNEY_SCORES = f"""
    with words as (
        select
            source, source_key, signal_position,
            any_value(touchpoint order by part) as touchpoint,
            any_value(channel order by part) as channel,
            bool_or(journey_id is not distinct from $journey) as is_of_journey,
            string_agg(explanation, '; ' order by part) as explanation
        from fct_friction where customer_id = $customer
        group by source, source_key, signal_position
    ),

    scored as (
        select *, friction_micro / 1e6 as points, credit_micro / 1e6 as credit
        from fct_scores
        where
            customer_id = $customer
            and occurred_at between $begun_at and getvariable('as_of')
            and (friction_micro > 0 or credit_micro > 0)
        qualify
            row_number() over (order by friction_micro + credit_micro desc, signal_number)
            <= {JOURNEY_SIGNALS}
    )

    select
        scored.occurred_at, scored.signal,
        greatest(0, friction - points) - least(
            greatest(0, credit_balance - credit), $credit_cap * greatest(0, friction - points)
        ),
        scored.score, scored.level, scored.points, scored.credit,
        coalesce(words.touchpoint, ''), words.channel, coalesce(words.is_of_journey, false),
        coalesce(words.explanation, '')
    from scored
    left join words using (source, source_key, signal_position)
    order by scored.signal_number
"""

JOURNEY_SIGNAL_COUNT = """
    select count(*) from fct_scores
    where
        customer_id = $customer and occurred_at between $begun_at and getvariable('as_of')
        and (friction_micro > 0 or credit_micro > 0)
"""

JOURNEY_PROMISES_MADE = """
    select
        coalesce(promise_kind, 'stated'), state, is_broken, made_at, due_at, broken_at,
        kept_internally_at, told_at, coalesce(kept_for_customer_at, cancelled_at, revised_at),
        coalesce(silent_days, 0), coalesce(informed_days, 0), coalesce(knowing_days, 0),
        coalesce(chase_count, 0)
    from fct_promises
    where
        customer_id = $customer
        and (
            issue_id = $issue
            or promise_id in (select promise_id from fct_friction where journey_id = $journey)
        )
    order by is_broken desc, silent_days desc nulls last, made_at, promise_id
"""

PROMISES = f"""
    with states as (
        select
            coalesce(promise_kind, 'stated as signals') as kind,
            case
                when is_broken then 'broken'
                when state in ('kept_early', 'kept_on_time', 'kept_late') then 'kept'
                when state in ('open', 'due_soon') then 'open'
                when state = 'unknown' then 'unknown'
                else 'moved'
            end as became,
            silent_days, knowing_days, chase_count
        from fct_promises
    )

    select
        kind,
        count(*) filter (where became = 'kept'),
        count(*) filter (where became = 'broken'),
        count(*) filter (where became = 'open'),
        count(*) filter (where became = 'moved'),
        count(*) filter (where became = 'unknown'),
        coalesce(sum(silent_days), 0)::bigint,
        coalesce(sum(knowing_days), 0)::bigint,
        coalesce(sum(chase_count), 0)::bigint
    from states
    group by kind
    order by count(*) desc, kind
    limit {PROMISE_KINDS}
"""

FIXES = f"""
    select
        touchpoint, signal, is_candidate, points_now_gone::double,
        points_now_gone_with_follow_ups::double, points_now_gone_with_follow_ups_low,
        points_now_gone_with_follow_ups_high, coalesce(share_of_friction_now, 0),
        leaving_level_2_count_with_follow_ups, customer_count
    from rpt_top_fixes
    where scope = 'everywhere' and points_now_gone_with_follow_ups > 0
    order by place, fix_id
    limit {TOP_FIXES}
"""

HIDDEN = f"""
    select
        journey_id, customer_id, points::double, worst_touch_points::double, touch_count,
        coalesce(channel_path, '')
    from rpt_hidden_friction
    order by points desc, journey_id
    limit {HIDDEN_JOURNEYS}
"""

TOUCHES = f"""
    with shown as ({HIDDEN}),

    touches as (
        select
            journey_id, coalesce(interaction_id, source_key) as touch_key,
            max(touchpoint) as touchpoint, min(occurred_at) as touched_at,
            sum(points)::double as points
        from fct_friction
        where part <> 'credit' and journey_id in (select journey_id from shown)
        group by journey_id, coalesce(interaction_id, source_key)
    )

    select journey_id, touchpoint, points
    from touches
    qualify
        row_number() over (partition by journey_id order by touched_at, touch_key)
        <= {HIDDEN_TOUCHES}
    order by journey_id, touched_at, touch_key
"""

INTERVENTIONS_BY_LEVEL = """
    select level, count(*) from rpt_interventions where state = 'due'
    group by level order by level desc
"""

CUSTOMERS_DUE = "select count(distinct customer_id) from rpt_interventions where state = 'due'"

INTERVENTIONS = f"""
    select customer_id, level, since, reason, recommended_step
    from rpt_interventions where state = 'due'
    order by
        max(level) over (partition by customer_id) desc, score_now desc nulls last, customer_id,
        level desc, since, intervention_id
    limit {DUE_INTERVENTIONS}
"""

CHANNELS = f"""
    select
        coalesce(channel, 'none'), count(*), count(*) filter (where is_anonymous),
        count(distinct case when not is_anonymous then customer_id end)
    from fct_interactions
    group by all
    order by count(*) desc, 1
    limit {CHANNELS_SHOWN}
"""

QUALITY = f"""
    select
        topic, coalesce(source, ''), concat_ws(': ', subject, reason), row_count, share
    from rpt_data_quality
    where row_count > 0
    order by topic, row_count desc, quality_id
    limit {QUALITY_ROWS}
"""


def read(release: Path, as_of: datetime, rule_version: str) -> Facts:
    """The facts of the release whose DuckDB file is `release`, as of `as_of`."""
    with opened(release) as scorer, scorer.cursor() as connection:
        connection.execute("use release")
        connection.execute("set variable as_of = cast(? as timestamp)", [as_of])
        ladder = rows(
            connection,
            "select level, threshold_fp, intervention from memory.levels "
            "where rule_version = ? order by level",
            [rule_version],
        )
        thresholds = {level: points for level, points, _ in ladder}
        connection.execute("set variable costly = ?", [thresholds[1]])
        connection.execute(STOPS_OF_JOURNEYS)
        (credit_cap,) = rows(
            connection,
            "select value::double / 100 from memory.friction_params "
            "where rule_version = ? and name = 'credit_cap_pct'",
            [rule_version],
        )[0]
        catalogue = rows(
            connection,
            "select signal, phrase, weight::double / 1000 from read_csv(?, all_varchar = true) "
            "where rule_version = ?",
            [str(SEEDS_FOLDER / "friction_catalogue.csv"), rule_version],
        )
        half_lives = rows(
            connection,
            "select value::double / 24 from memory.friction_params "
            "where rule_version = ? and starts_with(name, 'half_life_hours_') order by value",
            [rule_version],
        )
        return Facts(
            as_of=as_of,
            totals=read_as(connection, Totals, TOTALS)[0],
            weeks=weeks(connection, scorer, as_of),
            heat=read_as(connection, Heat, HEAT),
            stops=read_as(connection, Stop, STOP),
            passages=read_as(connection, Passage, PASSAGE),
            costly_journeys=count(connection, "fct_journeys where points >= getvariable('costly')"),
            worst=worst(connection, credit_cap),
            promises=read_as(connection, PromiseKind, PROMISES),
            promise_kinds=len(rows(connection, "select distinct promise_kind from fct_promises")),
            fixes=read_as(connection, Fix, FIXES),
            hidden=read_as(connection, Hidden, HIDDEN),
            hidden_touches=read_as(connection, Touch, TOUCHES),
            hidden_count=count(connection, "rpt_hidden_friction"),
            interventions=read_as(connection, Intervention, INTERVENTIONS),
            interventions_by_level=dict(rows(connection, INTERVENTIONS_BY_LEVEL)),
            customers_due=rows(connection, CUSTOMERS_DUE)[0][0],
            contacts_per_order=contacts_per_order(connection),
            channels=read_as(connection, Channel, CHANNELS),
            quality=read_as(connection, Quality, QUALITY),
            quality_count=count(connection, "rpt_data_quality where row_count > 0"),
            thresholds=thresholds,
            steps={level: step for level, _, step in ladder},
            phrases={signal: phrase for signal, phrase, _ in catalogue},
            weights={signal: weight for signal, _, weight in catalogue},
            half_lives=[each for (each,) in half_lives],
        )


def weeks(
    connection: duckdb.DuckDBPyConnection, scorer: duckdb.DuckDBPyConnection, as_of: datetime
) -> list[Week]:
    """The last weeks of the log, the oldest first; the last ends at `as_of`."""
    (first_at,) = rows(connection, "select min(occurred_at) from fct_interactions")[0]
    number = min(WEEKS, 1 + (as_of - first_at) // timedelta(days=7)) if first_at else 1
    sums = {week: rest for week, *rest in rows(connection, WEEK_SUMS, [number - 1])}
    ends = [as_of - timedelta(days=7 * week) for week in reversed(range(number))]
    levels = levels_at(scorer, ends)
    made = []
    for week, end in zip(reversed(range(number)), ends, strict=True):
        points, contacts, kept, broken = sums.get(week, (0.0, 0, 0, 0))
        at = levels[end]
        reached = (at.get(1, 0), at.get(2, 0), at.get(3, 0), at.get(4, 0))
        made.append(Week(end, reached, points, contacts, kept, broken))
    return made


def worst(connection: duckdb.DuckDBPyConnection, credit_cap: float) -> list[WorstJourney]:
    """The journeys of which most is still felt, each with its signals and promises."""
    return [followed(connection, row, credit_cap) for row in rows(connection, WORST)]


def followed(
    connection: duckdb.DuckDBPyConnection, journey: tuple, credit_cap: float
) -> WorstJourney:
    """One journey of WORST, with what happened to its customer from its first trouble on."""
    journey_id, customer_id, subject_type, subject_key, *_ = journey
    who = {"customer": customer_id, "journey": journey_id}
    made = [
        Promise(*row)
        for row in rows(
            connection, JOURNEY_PROMISES_MADE, {**who, "issue": f"{subject_type}:{subject_key}"}
        )
    ]
    shown = sorted(made[:JOURNEY_PROMISES], key=lambda each: (each.made_at, each.due_at))
    (begun_at,) = rows(
        connection,
        "select min(occurred_at) from fct_friction where journey_id = $journey",
        {"journey": journey_id},
    )[0]
    begun_at = min([begun_at, *(each.made_at for each in shown if each.is_broken)])
    signals = rows(
        connection, JOURNEY_SCORES, {**who, "begun_at": begun_at, "credit_cap": credit_cap}
    )
    (happened,) = rows(
        connection, JOURNEY_SIGNAL_COUNT, {"customer": customer_id, "begun_at": begun_at}
    )[0]
    rest = (
        begun_at,
        [Signal(*row) for row in signals],
        happened - len(signals),
        shown,
        len(made) - len(shown),
    )
    return WorstJourney(*[*journey, *rest])


def contacts_per_order(connection: duckdb.DuckDBPyConnection) -> tuple[float, float] | None:
    """Contacts per order, all and avoidable; None without an order."""
    found = rows(
        connection,
        """
        select contacts_per_order, avoidable_contacts_per_order
        from rpt_contacts_per_order where month = 'all' and contacts_per_order is not null
        """,
    )
    return found[0] if found else None


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """How many rows a relation has."""
    return int(rows(connection, f"select count(*) from {relation}")[0][0])


def read_as(
    connection: duckdb.DuckDBPyConnection, kind: Callable[..., Row], query: str
) -> list[Row]:
    """Each row of a query as one `kind`, whose fields are the query's columns in order."""
    return [kind(*row) for row in rows(connection, query)]


def rows(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    values: dict[str, Any] | list[Any] | None = None,
) -> list[tuple]:
    """All rows of a query."""
    return connection.execute(query, values).fetchall()
