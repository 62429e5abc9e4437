"""Do mapped sources come out as independent computations say?

A log at signal level, as CSV, NDJSON and Parquet, as the oracle scores it; a city's requests, by
the mapping that ships, with the verdicts that the city itself publishes.
"""

import csv
import io
import json
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.sources import mapped
from tests.warehouse import oracle
from tests.warehouse.histories import histories
from tests.warehouse.oracle import Signal
from tests.warehouse.scored_warehouse import catalogue
from tests.warehouse.whole_road import build_log, land, record_all

RULES = catalogue()
NOW = datetime(2034, 1, 1)  # the histories reach far
LARGEST = 2**63 - 1
COLUMNS = (
    "customer", "occurred_at", "channel", "touchpoint", "signal", "issue", "phase",
    "moment_of_truth", "context_carried", "measure", "promise_id", "due_at",
)  # fmt: skip
MAPPING = """
files: "log.*"
format: {format}
time_zone: UTC
customer: customer
{key}
interactions:
  - {{occurred_at: occurred_at, channel: channel, touchpoint: touchpoint, signal: signal,
     issue: issue, phase: phase, moment_of_truth: moment_of_truth,
     context_carried: context_carried, measure: measure, promise_id: promise_id, due_at: due_at}}
"""
FORMATS = {"crm": "csv", "desk": "ndjson", "numbered": "parquet"}


def as_stated(signal: Signal, number: int) -> Signal:
    """The signal as a row of a mapped source states it: every one with a channel ends silence."""
    is_numbered = int(signal.customer_id[-1]) < 3  # some customers live in rows without a key
    return replace(
        signal,
        source="numbered" if is_numbered else signal.source,
        record_key=f"{number:09}" if is_numbered else f"{signal.customer_id}/{signal.record_key}",
        signal_position=0,
        measure=LARGEST if signal.measure == 1000 * (RULES[signal.signal].e0 or -1)
        else signal.measure,
        promise_id=signal.promise_id
        or ("P9" if signal.signal == "promise.updated" else None),
        ends_silence=signal.channel is not None and signal.signal != "promise.made",
        is_credit_only=False,
    )  # fmt: skip


def stated() -> list[Signal]:
    """All signals; the rows without a key stand first and are numbered from 1."""
    drawn = [signal for history in histories(200, RULES, seed=7).values() for signal in history]
    drawn.sort(key=lambda signal: int(signal.customer_id[-1]) >= 3)
    return [as_stated(signal, number) for number, signal in enumerate(drawn, 1)]


SIGNALS = stated()


def row(signal: Signal) -> dict[str, object]:
    """The row that states a signal."""
    values = (
        f'{signal.customer_id} "Zoë", o\'Brien', signal.occurred_at, signal.channel,
        signal.touchpoint, signal.signal, signal.issue_id, signal.phase,
        signal.is_moment_of_truth, signal.is_context_carried, signal.measure, signal.promise_id,
        signal.due_at,
    )  # fmt: skip
    return {"event_id": signal.record_key, **dict(zip(COLUMNS, values, strict=True))}


def written(source: str, signals: Iterable[Signal]) -> bytes:
    """The file that a source exports."""
    rows = [row(signal) for signal in signals]
    if FORMATS[source] == "csv":
        text = io.StringIO()
        table = csv.DictWriter(text, ["event_id", *COLUMNS])
        table.writeheader()
        table.writerows(rows)
        return text.getvalue().encode()
    if FORMATS[source] == "ndjson":
        return "\n".join(json.dumps(row, default=str) for row in rows).encode()
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows).drop_columns("event_id"), target)
    return target.getvalue()


EXPORTED = max(signal.occurred_at for signal in SIGNALS)  # the run's as_of
EXPORTED_IN_BOSTON = EXPORTED - timedelta(hours=5)
CLOCKS_WENT_BACK = datetime(2033, 11, 6, 1, 30)
SHIPPED = Path(mapped.__file__).parents[1] / "mappings" / "service_requests" / "mapping.yml"


def requests() -> list[dict[str, str]]:
    """A city's requests with its own verdicts, in local times: no target, to the very instant, in
    the hour that the clocks repeated, closed before they were opened, still open."""
    chance = random.Random(311)
    near = (-60, -1, -0.001, 0, 0, 0.001, 1, 60, 900)
    rows = []
    for number in range(600):
        opened = datetime(2033, 10, 1, 8) + timedelta(seconds=chance.randrange(40 * 86400))
        target: datetime | None = chance.choice(
            (
                None,
                opened + timedelta(days=chance.choice((1, 5, 30)), milliseconds=457),
                opened.replace(hour=3, minute=30, second=0) + timedelta(days=2),
                max(opened, CLOCKS_WENT_BACK + timedelta(minutes=chance.randrange(-40, 40))),
            )
        )
        closed: datetime | None = chance.choice(
            (
                None,
                opened + timedelta(seconds=chance.randrange(-60, 20 * 86400)),
                (target or opened) + timedelta(seconds=chance.choice(near)),
            )
        )
        if closed and closed > EXPORTED_IN_BOSTON:
            closed = None
        is_late = target is not None and (closed or EXPORTED_IN_BOSTON) > target
        rows.append(
            {
                "case_enquiry_id": f"10100{number}",
                "open_dt": str(opened),
                "sla_target_dt": str(target or chance.choice(("", "NA"))),
                "closed_dt": str(closed or ""),
                "on_time": "OVERDUE" if is_late else "ONTIME",
                "reason": "Street, Lights",
                "neighborhood": " ",
            }
        )
    return rows


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> duckdb.DuckDBPyConnection:
    """Everything that is built of the three sources."""
    root: Path = tmp_path_factory.mktemp("stated")
    for source, format in FORMATS.items():
        key = "" if source == "numbered" else "key: event_id"
        mapping = MAPPING.format(format=format, key=key).replace(
            '"log.*"', "log.parquet" if source == "numbered" else '"log.*"'
        )
        land(
            root,
            {
                f"{source}/mapping.yml": mapping,
                f"{source}/log.{format}": written(
                    source, (signal for signal in SIGNALS if signal.source == source)
                ),
            },
        )
    table = io.StringIO()
    rows = csv.DictWriter(table, list(requests()[0]))
    rows.writeheader()
    rows.writerows(requests())
    land(
        root,
        {"requests/mapping.yml": SHIPPED.read_bytes(), "requests/311.csv": table.getvalue()},
    )
    record_all(root, NOW)
    return build_log(root, select=("+fct_friction", "+fct_scores", "+rpt_interventions"))


@pytest.fixture(scope="module")
def expected() -> list[oracle.Scored]:
    """The oracle's ledger of every customer, as far as the log reaches."""
    of_customer = defaultdict(list)
    for signal in SIGNALS:
        of_customer[signal.customer_id].append(signal)
    return [
        line
        for signals in of_customer.values()
        for line in oracle.ledger(oracle.history_of(signals, EXPORTED), RULES)
    ]


def test_the_ledger_of_a_stated_log_is_the_oracles_to_the_micro_point(warehouse, expected):
    got = warehouse.execute(
        "select source, source_key, occurred_at, signal, part, points_micro from fct_friction "
        "where source != 'requests' order by all"
    ).fetchall()
    wanted = sorted(
        (
            line.signal.source, line.signal.record_key, line.signal.occurred_at,
            line.signal.signal, part, getattr(line, part),
        )
        for line in expected
        for part in ("base", "repeat", "switch", "phase", "credit")
        if getattr(line, part)
    )  # fmt: skip
    assert len(wanted) > 3000
    assert got == wanted


def test_every_stated_signal_is_scored_under_its_own_key(warehouse, expected):
    got = warehouse.execute(
        "select source, source_key from fct_scores where source != 'requests' order by all"
    ).fetchall()
    assert got == sorted((line.signal.source, line.signal.record_key) for line in expected)


def test_promises_of_one_name_are_one_for_each_customer_and_so_is_their_intervention(warehouse):
    rows, ids, promises = warehouse.execute(
        "select count(*), count(distinct intervention_id), count(distinct promise_id) "
        "from rpt_interventions where kind = 'open_breach' and source != 'requests'"
    ).fetchone()
    assert rows == ids > promises


def test_a_citys_requests_get_the_verdicts_that_the_city_published(warehouse):
    states = dict(
        warehouse.execute(
            "select source_key, state from fct_promises where source = 'requests'"
        ).fetchall()
    )
    verdicts = {
        "kept_early": "ONTIME", "kept_on_time": "ONTIME", "open": "ONTIME", "due_soon": "ONTIME",
        "kept_late": "OVERDUE", "broken_open": "OVERDUE", None: "ONTIME",
    }  # fmt: skip
    assert set(states.values()) == set(verdicts) - {None}
    wrong = [
        row
        for row in requests()
        if verdicts[states.get(row["case_enquiry_id"])] != row["on_time"]
        or (row["case_enquiry_id"] in states) != (row["sla_target_dt"] not in ("", "NA"))
    ]
    assert wrong == []


def test_opening_and_closing_a_request_are_no_friction_of_their_own(warehouse):
    signals = warehouse.execute(
        "select distinct signal from fct_friction where source = 'requests' order by all"
    ).fetchall()
    assert signals == [("promise.breach",), ("promise.kept",), ("promise.silence",)]
