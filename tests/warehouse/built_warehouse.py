"""Builds a warehouse from a made-up log: dbt in a process of its own, then a connection."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from serving.warehouse import PROJECT
from tests.warehouse.parsed_once import dbt
from tests.warehouse.written_log import hashed


def write_blocked(path: Path, blocked: Sequence[tuple[str, str]]) -> None:
    """What ingestion makes of the seed of blocked identifiers, for (type, value) pairs."""
    pq.write_table(
        pa.table(
            {
                "type": pa.array([type_ for type_, _ in blocked], pa.string()),
                "hash": pa.array([hashed(*pair) for pair in blocked], pa.string()),
                "reason": pa.array(["placeholder"] * len(blocked), pa.string()),
            }
        ),
        path,
    )


def profile_of_threads(folder: Path, threads: int) -> Path:
    """The project's profile, held to so many threads of dbt and of DuckDB, in a folder."""
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text())
    output = profile["journeys"]["outputs"]["duckdb"]
    output["threads"] = threads
    output["settings"]["threads"] = threads
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile))
    return folder


def build(
    root: Path,
    select: Sequence[str],
    variables: Mapping[str, object] | None = None,
    blocked: Sequence[tuple[str, str]] = (),
    with_data_tests: bool = True,
    threads: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """Build the selected models from `root`/log into `root`/warehouse.duckdb, or fail in its words.

    Returns a read-only connection. Data tests of the selected models run too, unless told not to.
    `threads` holds dbt and DuckDB to so many; by default they run as they always do.
    """
    write_blocked(root / "blocked.parquet", blocked)
    arguments = [
        *("build", "--indirect-selection", "cautious"),
        *("--exclude-resource-type", "unit_test"),
        *([] if with_data_tests else ["--exclude-resource-type", "test"]),
        *("--vars", json.dumps(dict(variables or {}))),
        *("--select", *select),
    ]
    dbt(root, arguments, PROJECT if threads is None else profile_of_threads(root, threads))
    connection = duckdb.connect(str(root / "warehouse.duckdb"), read_only=True)
    connection.execute(f"set file_search_path = '{root}'")  # where views find the log
    return connection
