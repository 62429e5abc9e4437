"""Yardstick of the gate: dlt loads the same export into DuckDB, as its documentation does it.

    python tests/benchmarks/dlt/load.py <folder of .ndjson or .ndjson.gz> <how many> <database>

Runs in an environment of its own (requirements.lock beside this file), without the project.
"""

import gzip
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import dlt

ROWS_PER_PAGE = 5000


def main(folder: Path, limit: int, database: Path) -> None:
    """Load the first `limit` records into `database`."""

    @dlt.resource(name="events", write_disposition="append")
    def events() -> Iterator[list[dict]]:
        records = itertools.islice(read(folder), limit)
        while page := list(itertools.islice(records, ROWS_PER_PAGE)):
            yield page

    pipeline = dlt.pipeline(
        pipeline_name="yardstick",
        pipelines_dir=str(database.parent / "dlt"),
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="segment",
    )
    print(pipeline.run(events()))


def read(folder: Path) -> Iterator[dict]:
    """Every record of the export, file by file."""
    for path in sorted(folder.glob("*.ndjson*")):
        with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as lines:
            yield from map(json.loads, lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
