"""Builds the promise engine alone: contacts and promise events made up in a test, and a calendar.

Everything before the engine (the log, staging, identity, journeys) is left out: its tables are
written by hand, and dbt builds the models of the engine on them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from tests.warehouse.parsed_once import dbt

ENGINE = (
    "int_promise_rule",
    "int_calendar_days",
    "int_calendar_spans",
    "int_subject_contacts",
    "int_reply_promise_events",
    "int_callback_promise_events",
    "int_promise_events",
    "int_promise_notices",
    "int_promise_dues",
    "int_promise_states",
    "int_promise_contacts",
    "int_engine_promises",
    "int_engine_promise_signals",
    "int_promise_days",
    "int_stated_promises",
    "int_promise_problems",
    "int_told_promises",
    "fct_promises",
)
TIME = pa.timestamp("us")


@dataclass(frozen=True)
class Step:
    """One interaction, placed with its customer and issue; times are UTC."""

    interaction_id: str
    customer_id: str
    issue_id: str | None
    occurred_at: datetime
    direction: str
    channel: str | None = "email"
    kind: str = "contacted"
    conversation_key: str | None = None
    is_delivered: bool = True
    is_marketing: bool = False
    is_automated: bool = False
    is_human_contact: bool = True
    outcome: str | None = None
    reason: str | None = None
    talk_seconds: int | None = None
    employee_id: str | None = None
    signal: str | None = None
    promise_id: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class PromiseEvent:
    """What a source's record says about a promise; times are UTC."""

    promise_key: str
    event: str
    occurred_at: datetime
    customer_id: str
    issue_id: str | None
    due_at: datetime | None = None
    is_date: bool = False
    promise_kind: str = "delivery"
    needs_notice: bool = False
    owner: str | None = None
    confidence: str = "field"
    time_zone: str = "UTC"
    source: str = "shop"
    calendar_id: str | None = None
    grace_micros: int = 0


@dataclass(frozen=True)
class Hours:
    """Opening hours of the one calendar: weekday (1 Monday) → minutes from and to, local."""

    time_zone: str
    weekdays: dict[int, tuple[int, int]]
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True)
class World:
    """Everything that the engine reads.

    `feeds` maps (promise source, kind) to the source that reports its keeping, `covered_until`
    a source to how far it is complete, `standards` a channel to business minutes.
    """

    as_of: datetime
    hours: Hours
    steps: Sequence[Step] = ()
    events: Sequence[PromiseEvent] = ()
    feeds: dict[tuple[str, str], str] = field(default_factory=dict)
    covered_until: dict[str, datetime] = field(default_factory=dict)
    standards: dict[str, int] = field(default_factory=dict)
    grace_minutes: int = 0


STEP_SCHEMA = pa.schema(
    [
        ("interaction_id", pa.string()),
        ("event_id", pa.string()),
        ("source", pa.string()),
        ("record_type", pa.string()),
        ("record_key", pa.string()),
        ("position", pa.int32()),
        ("customer_id", pa.string()),
        ("is_anonymous", pa.bool_()),
        ("issue_id", pa.string()),
        ("occurred_at", TIME),
        ("recorded_at", TIME),
        ("channel", pa.string()),
        ("touchpoint", pa.string()),
        ("kind", pa.string()),
        ("direction", pa.string()),
        ("conversation_key", pa.string()),
        ("phase", pa.string()),
        ("is_moment_of_truth", pa.bool_()),
        ("is_context_carried", pa.bool_()),
        ("is_automated", pa.bool_()),
        ("is_marketing", pa.bool_()),
        ("is_delivered", pa.bool_()),
        ("is_human_contact", pa.bool_()),
        ("signal", pa.string()),
        ("promise_id", pa.string()),
        ("due_at", TIME),
        ("location_id", pa.string()),
        ("employee_id", pa.string()),
        ("talk_seconds", pa.int64()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
    ]
)
EVENT_SCHEMA = pa.schema(
    [
        ("promise_key", pa.string()),
        ("promise_kind", pa.string()),
        ("event", pa.string()),
        ("occurred_at", TIME),
        ("recorded_at", TIME),
        ("due_at", TIME),
        ("is_date", pa.bool_()),
        ("time_zone", pa.string()),
        ("calendar_id", pa.string()),
        ("grace_micros", pa.int64()),
        ("customer_id", pa.string()),
        ("issue_id", pa.string()),
        ("needs_notice", pa.bool_()),
        ("owner", pa.string()),
        ("confidence", pa.string()),
        ("origin", pa.string()),
        ("source", pa.string()),
        ("record_type", pa.string()),
        ("record_key", pa.string()),
        ("position", pa.int32()),
        ("event_id", pa.string()),
        ("touchpoint", pa.string()),
        ("phase", pa.string()),
        ("location_id", pa.string()),
        ("employee_id", pa.string()),
    ]
)


def build_promises(root: Path, world: World) -> duckdb.DuckDBPyConnection:
    """Build the engine on `world` in a warehouse under `root`; returns a read-only connection."""
    warehouse = root / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        write_world(connection, world)
    dbt(
        root,
        [
            *("build", "--exclude-resource-type", "unit_test", "--vars", "{}"),
            *("--indirect-selection", "cautious", "--select", *ENGINE),
        ],
    )
    return duckdb.connect(str(warehouse), read_only=True)


def write_world(connection: duckdb.DuckDBPyConnection, world: World) -> None:
    """Fill the tables that the engine reads."""
    write_table(connection, "int_journey_steps", [step_row(s) for s in world.steps], STEP_SCHEMA)
    write_table(
        connection,
        "int_source_promise_events",
        [event_row(number, event) for number, event in enumerate(world.events)],
        EVENT_SCHEMA,
    )
    connection.execute(
        "create table stg_run as select cast(? as timestamp) as as_of, '1' as rule_version",
        [world.as_of],
    )
    connection.execute("create table int_internal_customers (customer_id varchar)")
    connection.execute(
        "create table int_appointments_signals (interaction_id varchar, signal varchar)"
    )
    parameters = {
        "promise_grace_minutes": world.grace_minutes,
        "child_promise_business_days": 1,
        "due_soon_hours": 72,
        "contact_gap_minutes": 60,
    }
    tables: dict[str, tuple[str, list]] = {
        "friction_params": (
            "rule_version varchar, name varchar, value decimal(18, 3)",
            [("1", name, value) for name, value in parameters.items()],
        ),
        "stg_batches": (
            "batch_id varchar, source varchar, covers_until timestamp",
            [(source, source, until) for source, until in world.covered_until.items()],
        ),
        "fulfilment_feeds": (
            "promise_source varchar, promise_kind varchar, fulfilment_source varchar",
            [(*promise, feed) for promise, feed in world.feeds.items()],
        ),
        "reply_standards": (
            "channel varchar, calendar_id varchar, standard_minutes bigint",
            [(channel, "default", minutes) for channel, minutes in world.standards.items()],
        ),
        "calendars": (
            "calendar_id varchar, time_zone varchar, weekday integer, opens_at varchar,"
            " closes_at varchar",
            [
                ("default", world.hours.time_zone, weekday, clock(opens), clock(closes))
                for weekday, (opens, closes) in world.hours.weekdays.items()
            ],
        ),
        "holidays": (
            "calendar_id varchar, holiday date, name varchar",
            [("default", day, "closed") for day in sorted(world.hours.holidays)],
        ),
        "contact_reasons": (
            "reason varchar, is_value boolean",
            [("advice", True), ("late", False)],
        ),
        "contact_outcomes": (
            "outcome varchar, carries_fix boolean, carries_date boolean, is_excuse boolean,"
            " opens_callback boolean",
            [
                ("callback_promised", False, False, True, True),
                ("excuse", False, False, True, False),
                ("date_given", False, True, False, False),
                ("resolved", True, False, False, False),
            ],
        ),
    }
    for name, (columns, rows) in tables.items():
        connection.execute(f"create table {name} ({columns})")
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"insert into {name} values ({marks})", rows)


def write_table(
    connection: duckdb.DuckDBPyConnection, name: str, rows: list[dict], schema: pa.Schema
) -> None:
    """Create a table of the given schema from rows."""
    given = pa.Table.from_pylist(rows, schema)
    connection.register("given", given)
    connection.execute(f"create table {name} as select * from given")
    connection.unregister("given")


def step_row(step: Step) -> dict:
    """A row of int_journey_steps."""
    return asdict(step) | {
        "event_id": f"event of {step.interaction_id}",
        "source": "talk",
        "record_type": "contact",
        "record_key": step.interaction_id,
        "position": 0,
        "is_anonymous": False,
        "recorded_at": step.occurred_at,
        "touchpoint": "somewhere",
        "is_moment_of_truth": False,
        "is_context_carried": False,
    }


def event_row(number: int, event: PromiseEvent) -> dict:
    """A row of int_source_promise_events; `number` is its place in the world."""
    key = f"{number:06d}"
    return asdict(event) | {
        "recorded_at": event.occurred_at,
        "origin": "source",
        "record_type": "promise",
        "record_key": key,
        "position": 0,
        "event_id": key,
    }


def clock(minute: int) -> str:
    """Minutes after midnight as HH:MM."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict]:
    """The rows of a query, as dictionaries."""
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
