"""A build that works on what is new gives, row for row, what a build of the whole log gives."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.event_log import SCHEMA
from ingestion.record import record
from ingestion.settings import Settings
from ingestion.sources import all_sources
from serving import warehouse
from tests.sample_company.company import simulate
from tests.warehouse.test_identity_over_time import world
from tests.warehouse.written_log import write_batch

RECORDED_AT = datetime(2026, 6, 9, 12)
# In the last days, on 4 June, an epoch of all three half-lives begins: everybody's points move on.
END = datetime(2026, 6, 8, 23, 59, 59)
LAST_DAYS = timedelta(days=6)
WORLDS_FROM = datetime(2026, 5, 10)
# Rows that tell of two times: where the later is still to come, no news says when it has.
REQUESTS = """\
files: rows.csv
format: csv
time_zone: UTC
key: id
identifiers: [{type: email, column: mail}]
interactions:
  - {occurred_at: asked, kind: {value: viewed}, touchpoint: {value: web.request}}
  - {occurred_at: closed, kind: {value: viewed}, touchpoint: {value: web.closed}}
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state root whose log holds what a small company's systems exported."""
    root = tmp_path_factory.mktemp("whole")
    simulate(root / "landing", None, 60, 2, 11, datetime.fromisoformat(f"{END}+00:00"))
    requests = root / "landing" / "requests"
    requests.mkdir()
    (requests / "mapping.yml").write_text(REQUESTS)
    (requests / "rows.csv").write_text(
        "id,mail,asked,closed\n"
        + "".join(
            f"{n},asks{n}@home.example,2026-05-2{n % 9},{END - timedelta(days=n % 9):%F %T}\n"
            for n in range(20)
        )
    )
    settings = _settings(root)
    for source in all_sources(settings).values():
        record(source, settings, RECORDED_AT)
    # And people of whom everything meets everything: merges, splits, late records and decisions.
    for number in range(8):
        write_batch(root / "log", f"world{number}", list(world(number, WORLDS_FROM)))
    return root


@pytest.fixture(autouse=True)
def _models_alone() -> Iterator[None]:
    """The data tests of the project run elsewhere: here builds are compared with each other."""
    run = subprocess.run

    def without_tests(arguments: list[str], **options: object) -> object:
        return run([*arguments, "--exclude-resource-type", "test"], **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse.subprocess, "run", without_tests)
        yield


def test_slices_give_what_a_full_build_gives_also_after_a_kill(whole: Path, tmp_path: Path) -> None:
    grown, fresh = tmp_path / "grown", tmp_path / "fresh"
    parts = _parts(whole)
    _append(grown, parts, [0])
    assert _build(grown) == "full"
    # Rows of any time, each late by up to two months: bridges, versions, repetitions.
    _append(grown, parts, [1])
    key = _key_of_an_event_with_the_same_number(grown, parts)
    _build_and_kill(grown, after=70)
    # And the last days, for which every clock goes on.
    _append(grown, parts, [2])
    assert _build(grown) == "slice"
    _append(fresh, parts, [0, 1, 2])
    assert _build(fresh) == "full"
    assert _different(fresh, grown) == {}
    assert _felt_without_news(grown) > 0
    read = next((grown / "dbt" / "slice" / "compiled").rglob("stg_events.sql")).read_text()
    assert "file_row_number in (" in read, "no file was large enough to be read by row numbers"
    with duckdb.connect(str(grown / "warehouse.duckdb"), read_only=True) as connection:
        kept = connection.execute("select count(*) from stg_event_keys where key_number = ?", [key])
        assert kept.fetchone() == (1,), "a key was lost to an event that shares a number"


def _key_of_an_event_with_the_same_number(grown: Path, parts: list[dict]) -> int:
    """Adds a key of an event whose number a new one happens to have, too; returns the key."""
    new = next(row for rows in parts[1].values() for row in rows if row["record_type"] != "batch")
    with duckdb.connect(str(grown / "warehouse.duckdb")) as connection:
        connection.execute(
            "insert into stg_event_keys values (hash(?), 42, false)", [new["event_id"]]
        )
    return 42


def _settings(root: Path) -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_ROOT", str(root))
        return Settings.read("sample")


def _build(root: Path) -> str:
    """Builds and tells the scope of the build."""
    warehouse.build(_settings(root))
    said = json.loads((root / "build.json").read_text())
    return said["scope"]


def _build_and_kill(root: Path, after: int) -> None:
    """Starts a build and kills it, with dbt, once so many models are done."""
    output = root / "dbt" / "dbt.out"
    output.unlink()
    running = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from ingestion.settings import Settings; from serving import warehouse; "
            "warehouse.build(Settings.read('sample'))",
        ],
        env={**os.environ, "JOURNEYS_ROOT": str(root)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not output.exists() or output.read_text().count(" OK ") < after:
        assert running.poll() is None, "the build ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def _parts(whole: Path) -> list[dict[Path, list[dict]]]:
    """The events of each batch in three parts: most of them, some of any time, the last days."""
    rng = random.Random(5)
    parts: list[dict[Path, list[dict]]] = [{}, {}, {}]
    for file in sorted((whole / "log").rglob("*.parquet")):
        rows = pq.ParquetFile(file).read().to_pylist()
        if not rows:
            continue
        split: list[list[dict]] = [[], [], []]
        for row in rows:
            if row["record_type"] == "batch":
                for number in range(3):
                    early = row["occurred_at"] and min(row["occurred_at"], END - LAST_DAYS)
                    split[number].append(
                        {**row, "occurred_at": row["occurred_at"] if number == 2 else early}
                    )
            elif row["occurred_at"] > END - LAST_DAYS:
                split[2].append(row)
            else:
                split[int(rng.random() < 0.1)].append(row)
        # An event comes twice at times, and is told as one.
        split[2] += rng.sample(split[0], len(split[0]) // 20)
        for number in range(3):
            parts[number][file.relative_to(whole)] = split[number]
    return parts


def _append(root: Path, parts: list[dict[Path, list[dict]]], numbers: Iterable[int]) -> None:
    """Writes parts as batches of the log, each recorded an hour after the one before."""
    root.mkdir(exist_ok=True)
    (root / "secret").write_text("of no importance: the log is hashed already")
    for number in numbers:
        for path, rows in parts[number].items():
            name = f"{path.stem[:8]}-{number}"
            target = root / path.with_stem(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            written = [
                {
                    **row,
                    "batch_id": name,
                    "recorded_at": RECORDED_AT + timedelta(hours=number),
                    **(
                        {"record_key": name, "event_id": name}
                        if row["record_type"] == "batch"
                        else {}
                    ),
                }
                for row in rows
            ]
            pq.write_table(pa.Table.from_pylist(written, SCHEMA), target)


def _felt_without_news(root: Path) -> int:
    """How many customers feel something of whom nothing was recorded after the first build."""
    with duckdb.connect(f"{root}/warehouse.duckdb", read_only=True) as connection:
        counted = connection.execute(
            "select count(*) from dim_customers where friction > 0 and customer_id not in "
            "(select customer_id from fct_interactions where recorded_at > ?)",
            [RECORDED_AT],
        ).fetchone()
    assert counted is not None
    return counted[0]


def _different(left: Path, right: Path) -> dict[str, list]:
    """Of each published table, rows that one has and the other has not."""
    tables = sorted(path.stem for path in (warehouse.PROJECT / "models/5_marts").glob("*.sql"))
    with duckdb.connect() as connection:
        for name, root in (("l", left), ("r", right)):
            connection.execute(f"attach '{root}/warehouse.duckdb' as {name} (read_only)")
        counts = connection.execute("select count(*) from l.fct_friction").fetchone()
        assert counts is not None and counts[0] > 100
        return {
            table: rows[:2]
            for table in tables
            if (
                rows := connection.execute(
                    f"(from l.{table} except all from r.{table}) union all "
                    f"(from r.{table} except all from l.{table})"
                ).fetchall()
            )
        }
