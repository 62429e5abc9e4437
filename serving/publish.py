"""Publishes the built warehouse as a release: a folder of its own, swapped in by one pointer.

A release holds the published tables as one read-only DuckDB file and as Parquet, with their
descriptions. `current` points to the newest; readers of an older one keep it until they close it.
"""

import json
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.settings import Settings
from ingestion.shortage import told
from ingestion.store import at
from serving.errors import NotPublished, PublishError
from serving.marts import Mart, marts, quoted
from serving.warehouse import Build, last_build, sole_writer

# Opens in every client from DuckDB 1.1 on; the default of DuckDB 2 opens in no older one.
STORAGE_VERSION = "v1.0.0"
KEPT = 3
# The folder of a release in which Great Expectations tells what was checked.
DATA_DOCS = "data_docs"
# What points to the newest release; the file that is in a release when all others are; its page.
CURRENT, MARK, PAGE = "current", "release.json", "report.html"
RELEASE_COLUMNS = {
    "release_id": ("varchar", "id", "this release; also the name of its folder"),
    "published_at": ("timestamp", "UTC", "when it was published"),
    "as_of": ("timestamp", "UTC", "what occurred by then is in it; clocks run to it"),
    "known_at": ("timestamp", "UTC", "what the log had recorded by then is in it"),
    "log_position": ("varchar", "id", "digest of the batches that the log held"),
    "rule_version": ("varchar", "word", "version of the friction catalogue that scored it"),
    "fingerprint": ("varchar", "id", "digest of log, times, rules and code that it was made from"),
    "row_counts": ("varchar", "JSON", "number of rows by table"),
    "checks_passed": ("integer", "count", "expectations that the tables met before publication"),
}
RELEASE_TABLE = Mart(
    name="_published",
    relation="_published",
    description="One row: the release, and what it was made from.",
    columns={name: description for name, (_, _, description) in RELEASE_COLUMNS.items()},
    units={name: unit for name, (_, unit, _) in RELEASE_COLUMNS.items()},
)


@dataclass(frozen=True)
class Release:
    """One published release. Times are UTC text, `row_counts` is by table."""

    release_id: str
    published_at: str
    as_of: str
    known_at: str
    log_position: str
    rule_version: str
    fingerprint: str
    row_counts: dict[str, int]
    checks_passed: int


def publish(settings: Settings, build_id: str, checks_passed: int) -> Release:
    """Publish the audited build `build_id` and return its release.

    Raises PublishError where the warehouse holds another build by now (that build's own run
    publishes it) or a table did not arrive whole. Readers then keep the release they have.
    """
    with told(settings), sole_writer(settings):
        built = require_build(settings, build_id)
        store = at(settings.published)
        release_id = unused(settings, build_id)
        fresh = store.folder_scratch(release_id, MARK, cache(settings))
        release = fill(settings, fresh, release_id, built.fingerprint, checks_passed)
        shutil.copytree(data_docs(settings, build_id), fresh / DATA_DOCS)
        for path in fresh.rglob("*"):
            if path.is_file():
                path.chmod(0o444)
        store.put_folder(release_id, fresh, MARK, cache(settings))
        store.point(CURRENT, release_id)
        drop_old(settings)
    return release


def require_build(settings: Settings, build_id: str) -> Build:
    """The build `build_id`. Raises PublishError where the warehouse holds another one by now."""
    built = last_build(settings)
    if built is None or built.build_id != build_id:
        raise PublishError(
            f"the warehouse no longer holds the build {build_id}: another run has built since, "
            "and publishes"
        )
    return built


def fill(
    settings: Settings, folder: Path, release_id: str, fingerprint: str, checks_passed: int
) -> Release:
    """Write every published table of the warehouse into `folder`, and the release's own row."""
    tables = marts(settings)
    with duckdb.connect(config={"memory_limit": settings.memory_limit}) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {text(settings.warehouse)} as warehouse (read_only)")
        connection.execute(
            f"attach {text(folder / 'journeys.duckdb')} as release "
            f"(storage_version '{STORAGE_VERSION}')"
        )
        counts = {table.name: copy(connection, table, folder) for table in tables}
        release = describe_run(connection, release_id, fingerprint, counts, checks_passed)
        write_release_row(connection, release, folder)
        connection.execute("detach release")
    (folder / MARK).write_text(json.dumps(asdict(release), indent=1))
    return release


def copy(connection: duckdb.DuckDBPyConnection, table: Mart, folder: Path) -> int:
    """Copy one table into both forms, with its descriptions; return its number of rows.

    Raises PublishError when either form holds another number of rows than the warehouse.
    """
    name = quoted(table.name)
    connection.execute(f"create table release.{name} as select * from warehouse.{table.relation}")
    comment(connection, table)
    write_parquet(connection, table, folder / f"{table.name}.parquet")
    counted = [
        count(connection, relation)
        for relation in (
            f"warehouse.{table.relation}",
            f"release.{name}",
            f"read_parquet({text(folder / f'{table.name}.parquet')})",
        )
    ]
    if len(set(counted)) != 1:
        raise PublishError(
            f"{table.name}: {counted[0]} rows in the warehouse, {counted[1]} in the release's "
            f"DuckDB file, {counted[2]} in its Parquet file"
        )
    return counted[0]


def comment(connection: duckdb.DuckDBPyConnection, table: Mart) -> None:
    """Carry descriptions and units into the release's DuckDB file."""
    name = quoted(table.name)
    connection.execute(f"comment on table release.{name} is {text(table.description)}")
    for column, description in table.columns.items():
        connection.execute(
            f"comment on column release.{name}.{quoted(column)} is "
            f"{text(f'{description} [{table.units[column]}]')}"
        )


def write_parquet(connection: duckdb.DuckDBPyConnection, table: Mart, path: Path) -> None:
    """Write one table of the release as Parquet, descriptions and units in its metadata."""
    rows = connection.sql(f"select * from release.{quoted(table.name)}").to_arrow_reader(100_000)
    fields = [
        field.with_metadata(
            {"description": table.columns[field.name], "unit": table.units[field.name]}
        )
        for field in rows.schema
    ]
    schema = pa.schema(
        fields,
        metadata={
            "description": table.description,
            "columns": json.dumps(table.columns),
            "units": json.dumps(table.units),
        },
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def describe_run(
    connection: duckdb.DuckDBPyConnection,
    release_id: str,
    fingerprint: str,
    counts: dict[str, int],
    checks_passed: int,
) -> Release:
    """The release's own row, from what the build says of its run."""
    row = connection.execute(
        "select as_of::varchar, known_at::varchar, log_position, rule_version "
        "from warehouse.stg_run"
    ).fetchone()
    if row is None:
        raise PublishError("the warehouse does not say what it was made from: stg_run is empty")
    return Release(
        release_id=release_id,
        published_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        as_of=row[0],
        known_at=row[1],
        log_position=row[2],
        rule_version=row[3],
        fingerprint=fingerprint,
        row_counts=counts,
        checks_passed=checks_passed,
    )


def write_release_row(
    connection: duckdb.DuckDBPyConnection, release: Release, folder: Path
) -> None:
    """Write the table `_published`: one row, the release."""
    types = ", ".join(f"{name} {type_}" for name, (type_, _, _) in RELEASE_COLUMNS.items())
    connection.execute(f"create table release._published ({types})")
    values = {**asdict(release), "row_counts": json.dumps(release.row_counts)}
    connection.execute(
        f"insert into release._published values ({', '.join('?' * len(RELEASE_COLUMNS))})",
        [values[name] for name in RELEASE_COLUMNS],
    )
    comment(connection, RELEASE_TABLE)
    write_parquet(connection, RELEASE_TABLE, folder / "_published.parquet")


def data_docs(settings: Settings, build_id: str) -> Path:
    """The folder of the data docs of a build's audit; its first page is index.html."""
    return settings.root / "quality" / build_id


def cache(settings: Settings) -> Path:
    """Where copies of releases are that are in a store: DuckDB opens files of this machine."""
    return settings.root / "releases"


def current(settings: Settings, only: Collection[str] = ()) -> Path:
    """The folder of the newest release, to be read on this machine; `only` says which files of it.

    Raises NotPublished when there is none.
    """
    store = at(settings.published)
    while (name := store.pointed(CURRENT)) is not None:
        try:
            return store.near_folder(name, cache(settings), only).resolve()
        except FileNotFoundError:
            if store.pointed(CURRENT) == name:
                raise
            # It was replaced by newer ones while it was being copied: the newest is asked for.
    raise NotPublished(f"nothing is published yet below {settings.published}: make run")


def shown(settings: Settings) -> Path:
    """The path by which a person opens the newest release."""
    place = settings.published
    return place / CURRENT if isinstance(place, Path) else current(settings)


def read_release(folder: Path) -> Release:
    """What a release folder says of itself."""
    return Release(**json.loads((folder / MARK).read_text()))


def is_current(settings: Settings, fingerprint: str) -> bool:
    """Whether warehouse and newest release, page included, were made from the same inputs."""
    built = last_build(settings)
    if built is None or built.fingerprint != fingerprint:
        return False
    try:
        folder = current(settings, only=(MARK, PAGE))
    except NotPublished:
        return False
    return (folder / PAGE).exists() and read_release(folder).fingerprint == fingerprint


def kept(settings: Settings) -> list[str]:
    """The names of all kept releases, oldest first."""
    found = {file.folder for file in at(settings.published).files(f"*/{MARK}")}
    return sorted(name for name in found if name != CURRENT and not name.startswith("."))


def releases(settings: Settings, only: Collection[str] = ()) -> list[Path]:
    """The folders of all kept releases, oldest first; `only` says which files of them."""
    store = at(settings.published)
    return [store.near_folder(name, cache(settings), only) for name in kept(settings)]


def drop_old(settings: Settings) -> None:
    """Delete all but the newest releases. Who has one open keeps reading it."""
    store = at(settings.published)
    newest = store.pointed(CURRENT)
    others = [name for name in kept(settings) if name != newest]
    for name in others[: 1 - KEPT]:
        store.delete_folder(name, MARK, cache(settings))


def unused(settings: Settings, build_id: str) -> str:
    """A release id later in order than all of this build: a build may be published again."""
    taken = [name for name in kept(settings) if name.startswith(build_id)]
    if not taken:
        return build_id
    number = taken[-1].removeprefix(build_id).removeprefix("-") or "1"
    return f"{build_id}-{int(number) + 1:03d}"


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """The number of rows of a relation."""
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    assert row is not None
    return int(row[0])


def text(value: object) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"
