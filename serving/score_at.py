"""Every customer's score at any instant, as CSV, from the exact integers of a release.

    make score AT=2026-03-31T12:00:00Z

There is one way to compute a score: this renders the warehouse's own models and runs them on the
published signals up to the instant. After the release's as_of, promises fall due as if nothing
more had happened (`rpt_signals_due`).
"""

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2

from ingestion.settings import Settings
from serving.errors import NotPublished, ServingError, TimeError
from serving.publish import current, text
from serving.times import utc

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"
SEEDS_FOLDER = PROJECT / "seeds"
SEEDS = {
    "friction_params": "rule_version varchar, name varchar, value decimal(18, 3)",
    "levels": "rule_version varchar, level integer, threshold_fp bigint, intervention varchar",
    "decay_weights": "half_life_hours bigint, k bigint, weight bigint",
}
MACROS = ("whole_numbers", "friction")
MODELS = ("int_friction_rule", "int_decay_clock", "int_decay_states", "int_customer_scores")
COLUMNS = (
    "customer_id",
    "friction",
    "peak",
    "end",
    "credit_balance",
    "credit_applied",
    "score",
    "level",
    "rfs",
)


def scores_at(release: Path, at: datetime) -> list[tuple[Any, ...]]:
    """The rows of COLUMNS, by customer id, of what had occurred by `at` (naive, UTC).

    `release` is the DuckDB file of a release. Points are floats, not rounded. A customer of whom
    nothing had occurred by then has no row. Raises NotPublished where there is no such file.
    """
    with opened(release) as connection:
        score(connection, at)
        return connection.execute(
            "select customer_id, friction, peak, end_friction, credit_balance, credit_applied, "
            "score, level, rfs from int_customer_scores order by customer_id"
        ).fetchall()


def levels_at(
    connection: duckdb.DuckDBPyConnection, instants: Iterable[datetime]
) -> dict[datetime, dict[int, int]]:
    """How many customers with a signal were at each level at each instant (naive, UTC).

    `connection` is one of `opened`.
    """
    counted = {}
    for at in instants:
        score(connection, at)
        counted[at] = dict(
            connection.execute(
                "select level, count(*) from int_customer_scores group by level"
            ).fetchall()
        )
    return counted


@contextmanager
def opened(release: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the release attached as `release`, and in memory what scoring needs.

    Raises NotPublished where there is no such file.
    """
    if not release.exists():
        raise NotPublished(f"{release} is missing: nothing has been published yet")
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {text(release)} as release (read_only)")
        for seed, columns in SEEDS.items():
            connection.execute(f"create table {seed} ({columns})")
            connection.execute(f"copy {seed} from '{SEEDS_FOLDER}/{seed}.csv' (header)")
        needed = (
            "customer_id, occurred_at, signal_number, half_life, decay_epoch, decay_weight, "
            "friction_micro, credit_micro"
        )
        connection.execute(
            f"create view int_scored_signals as select {needed} from release.fct_scores "
            f"union all select {needed} from release.rpt_signals_due"
        )
        yield connection


def score(connection: duckdb.DuckDBPyConnection, at: datetime) -> None:
    """Leave every customer's score at `at` in the table `int_customer_scores`."""
    connection.execute(
        "create or replace table stg_run as select cast(? as timestamp) as as_of, "
        "(select max(rule_version) from release.fct_scores) as rule_version",
        [at],
    )
    for model, sql in models().items():
        connection.execute(f"create or replace table {model} as {sql}")


@cache
def models() -> dict[str, str]:
    """The SQL of MODELS in their order, rendered."""
    return {model: rendered(model) for model in MODELS}


def rendered(model: str) -> str:
    """The SQL of a model of 4_friction on DuckDB, its refs as plain names.

    dbt renders the same text; starting dbt for it would take ten seconds.
    """
    macros = "".join((PROJECT / "macros" / f"{name}.sql").read_text() for name in MACROS)
    sql = (PROJECT / "models" / "4_friction" / f"{model}.sql").read_text()
    environment = jinja2.Environment()
    template = environment.from_string(
        macros + sql,
        globals={"ref": str, "return": str, "adapter": _Adapter(environment, macros)},
    )
    return template.render()


class _Adapter:
    """What dbt's `adapter` is to the macros: it picks those of DuckDB."""

    def __init__(self, environment: jinja2.Environment, macros: str) -> None:
        self._module = environment.from_string(
            macros, globals={"return": str, "adapter": self}
        ).module

    def dispatch(self, name: str) -> Callable[..., str]:
        macro: Callable[..., str] = getattr(self._module, f"duckdb__{name}")
        return macro


def write_csv(rows: Iterable[tuple[Any, ...]]) -> None:
    """Print the rows under their header."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)


def main(arguments: list[str] | None = None) -> int:
    """Command line: `python -m serving.score_at --at TIME [--name NAME]`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at", default="", help="an instant with its zone, or a date for its end")
    parser.add_argument("--name", default="", help="which state; see make run NAME=")
    options = parser.parse_args(arguments)
    try:
        at = utc(options.at, "AT")
        if not at:
            raise TimeError("AT is missing: make score AT=2026-03-31T12:00:00Z")
        release = current(Settings.read(options.name or None)) / "journeys.duckdb"
        write_csv(scores_at(release, datetime.fromisoformat(at)))
        sys.stdout.flush()
    except BrokenPipeError:
        # the reader (`| head`) has seen enough; what is left to flush at exit goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ServingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
