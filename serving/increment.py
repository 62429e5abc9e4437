"""Whether a build can work on the news alone, and what the warehouse says it was last made from.

The warehouse file itself says which batches the last finished build had seen, its two times and the
rules and code that it followed. A build whose log only grew since, under the same rules and with
times that only moved on, works on a slice: see dbt_project/macros/slices.sql.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from ingestion.store import Stored

FULL, SLICE = "full", "slice"
# Where slices are built, and what lists the events, customers and identifiers that they replace.
SLICES = ("slice", "identity_slice")
AFFECTED = ("stg_affected_customers", "stg_affected_events", "int_affected_identifiers")
# When this share of the log is new, working on the customers of it is working on all.
MUCH = 0.3


@dataclass(frozen=True)
class Seen:
    """What the last finished build was made from; `rules` is a digest of code and variables."""

    rules: str
    as_of: str
    known_at: str
    batches: frozenset[str]


def scope(
    settings: Settings, rules: str, as_of: str, known_at: str, batches: Sequence[Stored]
) -> str:
    """`slice` where the last build and the news alone give what a full build would, else `full`.

    `batches` are those of the log now.

    For a slice the news is written into the warehouse, for dbt to start from. Call it under the
    writer's lock.
    """
    if not settings.warehouse.exists():
        return FULL
    with duckdb.connect(str(settings.warehouse)) as connection:
        seen = last_seen(connection)
        log = EventLog(settings.log)
        fresh = [batch for batch in batches if seen and batch.stem not in seen.batches]
        if (
            seen is None
            or not continues(seen, rules, as_of, known_at, {batch.stem for batch in batches})
            or rows(log, fresh) > MUCH * rows(log, batches)
            or restates(connection, log, fresh, batches)
        ):
            connection.execute("drop table if exists built_run")
            return FULL
        drop_slices(connection)
        # None is fresh where time alone moved on, or a build is repeated.
        connection.execute(
            "create or replace table slice_batches as select unnest(?::varchar[]) as batch_id",
            [[batch.stem for batch in fresh]],
        )
        connection.execute(
            "create or replace table slice_since as select as_of, known_at from stg_run"
        )
    return SLICE


def restates(
    connection: duckdb.DuckDBPyConnection,
    log: EventLog,
    fresh: Sequence[Stored],
    batches: Sequence[Stored],
) -> bool:
    """Whether a fresh batch holds an earlier recording of an event that the log held.

    That one counts from now on, and who was seen by the other alone was never seen. Only a mapping
    that states when a row was recorded can do so.
    """
    if not fresh:
        return False
    log.store.readable(connection)
    connection.execute(
        "create or replace temporary table early as "
        "select event_id, source, recorded_at, batch_id, occurred_at, identifiers "
        "from read_parquet(?, hive_partitioning = false) where record_type != 'batch' "
        "and recorded_at <= (select known_at from stg_run)",
        [[batch.address for batch in fresh]],
    )
    sources = {source for (source,) in connection.execute("select source from early").fetchall()}
    names = {batch.key for batch in fresh}
    held = [
        batch.address
        for source in sorted(sources)
        for batch in log.batches(source)
        if batch in batches and batch.key not in names
    ]
    if not held:
        return False
    found = connection.execute(
        "select count(*) from read_parquet(?, hive_partitioning = false) as held "
        "inner join early on held.event_id = early.event_id "
        "where held.recorded_at > early.recorded_at or ("
        "  held.recorded_at = early.recorded_at and held.batch_id > early.batch_id and ("
        "    held.occurred_at is distinct from early.occurred_at"
        "    or held.identifiers is distinct from early.identifiers))",
        [held],
    ).fetchone()
    return found != (0,)


def continues(seen: Seen, rules: str, as_of: str, known_at: str, batches: set[str]) -> bool:
    """Whether a build of these rules, times and batches only adds to what was seen."""
    return (
        seen.rules == rules
        and seen.batches <= batches
        and moved_on(seen.as_of, as_of)
        and moved_on(seen.known_at, known_at)
    )


def moved_on(before: str, now: str) -> bool:
    """Whether a time did not move back. A stated one against a default: nobody knows."""
    return before == now or ("" not in (before, now) and before <= now)


def finish(
    settings: Settings,
    scope: str,
    rules: str,
    as_of: str,
    known_at: str,
    batches: Sequence[Stored],
) -> None:
    """Write down what the finished build was made from, and clear away what it worked with.

    `batches` are those of the log when the build began: one that was appended since may have been
    read in part, and is news to the next build.
    """
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.begin()
        connection.execute(
            "create or replace table built_run as "
            "select ?::varchar as rules, ?::varchar as as_of, ?::varchar as known_at",
            [rules, as_of, known_at],
        )
        connection.execute(
            "create or replace table built_batches as select unnest(?::varchar[]) as batch_id",
            [[batch.stem for batch in batches]],
        )
        for table in AFFECTED:
            connection.execute(f"truncate {table}")
        connection.commit()
        if scope == SLICE:
            drop_slices(connection)


def drop_slices(connection: duckdb.DuckDBPyConnection) -> None:
    """Clear away what a slice was built in."""
    for schema in SLICES:
        connection.execute(f"drop schema if exists {schema} cascade")


def last_seen(connection: duckdb.DuckDBPyConnection) -> Seen | None:
    """What the warehouse was last finished from; None where no build finished."""
    known = connection.execute(
        "select count(*) from information_schema.tables "
        "where table_schema = 'main' and table_name in ('built_run', 'built_batches')"
    ).fetchone()
    if known != (2,):
        return None
    run = connection.execute("select rules, as_of, known_at from built_run").fetchone()
    if run is None:
        return None
    batches = connection.execute("select batch_id from built_batches").fetchall()
    rules, as_of, known_at = run
    return Seen(rules, as_of, known_at, frozenset(name for (name,) in batches))


def rows(log: EventLog, batches: Sequence[Stored]) -> int:
    """How many rows these batches hold, by their footers."""
    addresses = [batch.address for batch in batches]
    if not addresses:
        return 0
    with duckdb.connect() as connection:
        log.store.readable(connection)
        found = connection.execute(
            "select sum(num_rows)::bigint from parquet_file_metadata(?)", [addresses]
        ).fetchone()
    assert found is not None  # an aggregate without groups always has one row
    return int(found[0])


def digest(*parts: object, files: Sequence[Path] = ()) -> str:
    """A digest of values and of the content of files."""
    made = hashlib.sha256()
    for part in parts:
        made.update(json.dumps(part, sort_keys=True, default=str).encode() + b"\n")
    for path in files:
        made.update(str(path).encode() + b"\n" + path.read_bytes())
    return made.hexdigest()
