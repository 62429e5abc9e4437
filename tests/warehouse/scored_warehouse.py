"""Builds the scoring layer alone: signals made up in a test stand where `int_signals` would.

Everything before scoring (staging, identity, journeys, the signals of each source) is left out.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from serving.warehouse import PROJECT
from tests.warehouse.oracle import Rule, Signal
from tests.warehouse.parsed_once import dbt

SEEDS = ("friction_catalogue", "friction_params", "decay_weights", "levels")
SCORING = (
    "int_friction_rule",
    "int_promise_verdicts",
    "int_promise_signals",
    "int_ordered_signals",
    "int_signal_context",
    "int_expectation_states",
    "int_expectations",
    "rpt_expectations",
    "int_hours",
    "int_scored_signals",
    "int_decay_clock",
    "int_decay_starts",
    "int_decay_states",
    "int_customer_scores",
    "int_ledger_lines",
    "int_points_now",
    "fct_friction",
    "fct_scores",
    "rpt_signals_due",
)
TIME = pa.timestamp("us")
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("occurred_at", TIME),
        ("record_key", pa.string()),
        ("source", pa.string()),
        ("signal_position", pa.int32()),
        ("interaction_id", pa.string()),
        ("event_id", pa.string()),
        ("journey_id", pa.string()),
        ("channel", pa.string()),
        ("touchpoint", pa.string()),
        ("signal", pa.string()),
        ("issue_id", pa.string()),
        ("phase", pa.string()),
        ("is_moment_of_truth", pa.bool_()),
        ("is_context_carried", pa.bool_()),
        ("measure", pa.int64()),
        ("promise_id", pa.string()),
        ("due_at", TIME),
        ("location_id", pa.string()),
        ("employee_id", pa.string()),
        ("ends_silence", pa.bool_()),
        ("is_credit_only", pa.bool_()),
        ("recorded_at", TIME),
    ]
)


def score_signals(
    root: Path,
    signals: Iterable[Signal],
    as_of: datetime,
    rule_version: str = "1.0.0",
    threads: int = 2,
    extra_rules: Mapping[str, str] | None = None,
) -> Path:
    """Score `signals` as of `as_of` in a warehouse under `root`; returns its file.

    `extra_rules` maps a seed to CSV lines that stand beside its own: another rule version.
    """
    root.mkdir(parents=True, exist_ok=True)
    warehouse = root / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        write_inputs(connection, signals, as_of, rule_version)
    if extra_rules is None:
        score(root, "build", (*SEEDS, *SCORING), threads)
        return warehouse
    score(root, "seed", SEEDS, threads)
    with duckdb.connect(str(warehouse)) as connection:
        for seed, lines in extra_rules.items():
            path = root / f"{seed}.csv"
            path.write_text(lines)
            connection.execute(f"copy {seed} from '{path}'")
    score(root, "run", SCORING, threads)
    return warehouse


def write_inputs(
    connection: duckdb.DuckDBPyConnection,
    signals: Iterable[Signal],
    as_of: datetime,
    rule_version: str,
) -> None:
    """Fill the tables that scoring reads: signals, run, journeys, and nobody of the company."""
    rows = [
        {
            **asdict(signal),
            "interaction_id": f"{signal.source}/{signal.record_key}/{signal.customer_id}",
            "event_id": f"{signal.source}/{signal.record_key}",
            "journey_id": f"journey-{signal.source}/{signal.record_key}/{signal.customer_id}",
            "location_id": None,
            "employee_id": None,
            "recorded_at": signal.occurred_at,
        }
        for signal in signals
    ]
    given = pa.Table.from_pylist(rows, SCHEMA)
    connection.register("given", given)
    connection.execute("create or replace table int_signals as select * from given")
    connection.execute(
        "create or replace table int_journey_steps as "
        "select distinct interaction_id, event_id from given"
    )
    connection.execute("create or replace table int_internal_customers (customer_id varchar)")
    connection.execute(
        "create or replace table stg_run as select cast(? as timestamp) as as_of, "
        "cast(? as timestamp) as known_at, cast(? as varchar) as rule_version, "
        "'position' as log_position",
        [as_of, as_of, rule_version],
    )


def score(root: Path, command: str, select: Iterable[str], threads: int = 2) -> None:
    """Run one dbt command on the scratch warehouse of `root`, without tests."""
    kinds = ["--resource-type", "seed", "--resource-type", "model"] if command == "build" else []
    dbt(root, [command, "--threads", str(threads), *kinds, "--select", *select])


def catalogue() -> dict[str, Rule]:
    """The catalogue's default rule version, for the oracle."""
    with open(PROJECT / "seeds" / "friction_catalogue.csv", newline="") as file:
        return {
            row["signal"]: Rule(
                kind=row["kind"],
                weight=int(row["weight"]),
                wcredit=int(row["wcredit"]),
                e0=int(row["e0"]) if row["e0"] else None,
                floor=int(row["floor"]) if row["floor"] else None,
                half_life=row["half_life"],
                repeat_group=row["repeat_group"] or None,
                is_customer_initiated=row["is_customer_initiated"] == "true",
            )
            for row in csv.DictReader(file)
            if row["rule_version"] == "1.0.0"
        }
