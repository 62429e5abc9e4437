"""Does a log at signal level, as CSV, NDJSON and Parquet, come out as the oracle scores it?"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
    record_all(root, NOW)
    return build_log(root, select=("+fct_friction", "+fct_scores", "+rpt_interventions"))


@pytest.fixture(scope="module")
def expected() -> list[oracle.Scored]:
    """The oracle's ledger of every customer, as far as the log reaches."""
    until = max(signal.occurred_at for signal in SIGNALS)
    of_customer = defaultdict(list)
    for signal in SIGNALS:
        of_customer[signal.customer_id].append(signal)
    return [
        line
        for signals in of_customer.values()
        for line in oracle.ledger(oracle.history_of(signals, until), RULES)
    ]


def test_the_ledger_of_a_stated_log_is_the_oracles_to_the_micro_point(warehouse, expected):
    got = warehouse.execute(
        "select source, source_key, occurred_at, signal, part, points_micro from fct_friction "
        "order by all"
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
    got = warehouse.execute("select source, source_key from fct_scores order by all").fetchall()
    assert got == sorted((line.signal.source, line.signal.record_key) for line in expected)


def test_promises_of_one_name_are_one_for_each_customer_and_so_is_their_intervention(warehouse):
    rows, ids, promises = warehouse.execute(
        "select count(*), count(distinct intervention_id), count(distinct promise_id) "
        "from rpt_interventions where kind = 'open_breach'"
    ).fetchone()
    assert rows == ids > promises
