"""What the report says, as read from one release."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

WORST_CUSTOMERS = 10
DRAWN_CUSTOMERS = 5
HEAT_ROWS = 20


@dataclass(frozen=True)
class Trouble:
    """A customer in trouble: the score, and what most of it comes from."""

    customer_id: str
    score: float
    level: int
    last_seen_at: datetime
    cause: str
    share: float


@dataclass(frozen=True)
class Moment:
    """One scored signal of a customer: the score after it, and why it counts."""

    occurred_at: datetime
    signal: str
    score: float
    points: float
    credit: float
    explanation: str


@dataclass(frozen=True)
class Promises:
    """Promises of one kind: how many in which state, and the days that customers waited."""

    kind: str
    kept: int
    broken: int
    still_open: int
    unknown: int
    silent_days: int
    knowing_days: int
    chases: int


@dataclass(frozen=True)
class Fix:
    """One signal mended at one touchpoint: the friction felt now that would be gone."""

    touchpoint: str
    signal: str
    is_candidate: bool
    gone: float
    low: float
    high: float
    gone_with_follow_ups: float
    leaving_level_2: int
    customers: int


@dataclass(frozen=True)
class Intervention:
    """A reason to turn to a customer that is due."""

    customer_id: str
    level: int
    since: datetime
    reason: str
    step: str


@dataclass(frozen=True)
class Hidden:
    """A journey in which no touch was bad and all together were."""

    journey_id: str
    customer_id: str
    points: float
    worst: float
    touches: int
    channel_path: str


@dataclass(frozen=True)
class Step:
    """How often journeys go from one touchpoint to the next, and what that costs there."""

    origin: str
    target: str
    is_channel_switch: bool
    count: int
    share: float
    points: float


@dataclass(frozen=True)
class Figures:
    """Everything that the page shows."""

    customers: int
    known_customers: int
    interactions: int
    journeys: int
    levels: dict[int, int]
    score_sum: float
    promises: Sequence[Promises]
    troubles: Sequence[Trouble]
    moments: dict[str, Sequence[Moment]]
    heat: Sequence[tuple[str, str, float]]
    fixes: Sequence[Fix]
    interventions: Sequence[Intervention]
    interventions_due: int
    hidden: Sequence[Hidden]
    hidden_count: int
    flow: Sequence[Step]
    contacts_per_order: tuple[float, float] | None
    quality: Sequence[tuple[str, str, str, int]]


def read(connection: duckdb.DuckDBPyConnection) -> Figures:
    """Read the figures from an open release."""
    counted = rows(
        connection,
        """
        select
            count(*), count(*) filter (where not is_anonymous),
            coalesce(sum(interaction_count), 0), coalesce(sum(journey_count), 0),
            coalesce(sum(score), 0)
        from dim_customers
        """,
    )[0]
    worst = troubles(connection)
    return Figures(
        customers=counted[0],
        known_customers=counted[1],
        interactions=int(counted[2]),
        journeys=int(counted[3]),
        score_sum=float(counted[4]),
        levels=dict(
            rows(connection, "select level, count(*) from dim_customers group by all order by 1")
        ),
        promises=promises(connection),
        troubles=worst,
        moments={
            each.customer_id: moments(connection, each.customer_id)
            for each in worst[:DRAWN_CUSTOMERS]
        },
        heat=rows(
            connection,
            """
            select touchpoint, channel, points_now::double
            from rpt_touchpoint_channel where points_now > 0 order by 3 desc, 1, 2
            """,
        ),
        fixes=fixes(connection),
        interventions=interventions(connection),
        interventions_due=count(connection, "rpt_interventions where state = 'due'"),
        hidden=hidden(connection),
        hidden_count=count(connection, "rpt_hidden_friction"),
        flow=flow(connection),
        contacts_per_order=contacts_per_order(connection),
        quality=rows(
            connection,
            """
            select topic, coalesce(source, ''), concat_ws(': ', subject, reason), row_count
            from rpt_data_quality where row_count > 0 order by topic, row_count desc, source
            """,
        ),
    )


def troubles(connection: duckdb.DuckDBPyConnection) -> list[Trouble]:
    """The customers at level 1 or more with the highest scores."""
    found = rows(
        connection,
        f"""
        with causes as (
            select
                customer_id,
                concat_ws(' at ', signal, touchpoint) as cause,
                sum(points_now)::double as points_now
            from fct_friction
            where part <> 'credit'
            group by all
        )

        select
            customers.customer_id, customers.score, customers.level, customers.last_seen_at,
            coalesce(max_by(causes.cause, (causes.points_now, causes.cause)), ''),
            coalesce(max(causes.points_now) / nullif(sum(causes.points_now), 0), 0)
        from dim_customers as customers
        left join causes on customers.customer_id = causes.customer_id
        where customers.level > 0
        group by all
        order by customers.score desc, customers.customer_id
        limit {WORST_CUSTOMERS}
        """,
    )
    return [Trouble(*row) for row in found]


def moments(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[Moment]:
    """The customer's scored signals in order, with the words of their first ledger line."""
    found = rows(
        connection,
        """
        with words as (
            select
                source, source_key, signal_position,
                string_agg(explanation, '; ' order by part) as explanation
            from fct_friction where customer_id = $customer
            group by all
        )

        select
            scores.occurred_at, scores.signal, scores.score,
            scores.friction_micro / 1e6, scores.credit_micro / 1e6,
            coalesce(words.explanation, '')
        from fct_scores as scores
        left join words
            on
                scores.source = words.source
                and scores.source_key = words.source_key
                and scores.signal_position = words.signal_position
        where scores.customer_id = $customer
        order by scores.signal_number
        """,
        {"customer": customer_id},
    )
    return [Moment(*row) for row in found]


def promises(connection: duckdb.DuckDBPyConnection) -> list[Promises]:
    """Promises by kind."""
    found = rows(
        connection,
        """
        select
            coalesce(promise_kind, 'stated as signals'),
            count(*) filter (where state in ('kept_early', 'kept_on_time') and not is_broken),
            count(*) filter (where is_broken),
            count(*) filter (where state in ('open', 'due_soon') and not is_broken),
            count(*) filter (where state = 'unknown'),
            coalesce(sum(silent_days), 0)::bigint,
            coalesce(sum(knowing_days), 0)::bigint,
            coalesce(sum(chase_count), 0)::bigint
        from fct_promises group by all order by count(*) desc, 1
        """,
    )
    return [Promises(*row) for row in found]


def fixes(connection: duckdb.DuckDBPyConnection) -> list[Fix]:
    """The fixes that would remove most of what is felt now."""
    found = rows(
        connection,
        """
        select
            touchpoint, signal, is_candidate, points_now_gone::double, points_now_gone_low,
            points_now_gone_high, points_now_gone_with_follow_ups::double,
            leaving_level_2_count_with_follow_ups, customer_count
        from rpt_top_fixes where scope = 'everywhere' and points_now_gone > 0
        order by place, fix_id limit 10
        """,
    )
    return [Fix(*row) for row in found]


def interventions(connection: duckdb.DuckDBPyConnection) -> list[Intervention]:
    """The first of the queue: the highest level, then the longest wait."""
    found = rows(
        connection,
        """
        select customer_id, level, since, reason, recommended_step
        from rpt_interventions where state = 'due'
        order by level desc, score_now desc nulls last, since, intervention_id limit 15
        """,
    )
    return [Intervention(*row) for row in found]


def hidden(connection: duckdb.DuckDBPyConnection) -> list[Hidden]:
    """The journeys with most hidden friction."""
    found = rows(
        connection,
        """
        select
            journey_id, customer_id, points::double, worst_touch_points::double, touch_count,
            coalesce(channel_path, '-')
        from rpt_hidden_friction order by points desc, journey_id limit 10
        """,
    )
    return [Hidden(*row) for row in found]


def flow(connection: duckdb.DuckDBPyConnection) -> list[Step]:
    """The transitions that cost most."""
    found = rows(
        connection,
        """
        select
            from_touchpoint, to_touchpoint, is_channel_switch, transition_count,
            share_of_leaving, points_at_target::double
        from rpt_transitions where points_at_target > 0
        order by points_at_target desc, 1, 2, 3 limit 12
        """,
    )
    return [Step(*row) for row in found]


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


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None
) -> list[tuple]:
    """All rows of a query."""
    return connection.execute(query, values).fetchall()
