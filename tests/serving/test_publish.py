"""Releases: whole, read-only, described, swapped under readers who never notice."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion.settings import Settings
from serving import publish
from serving.errors import NotPublished, PublishError
from serving.marts import marts

READER = """
import sys, duckdb
folder, until = sys.argv[1], sys.argv[2]
import os, time
reads = 0
while not os.path.exists(until):
    with duckdb.connect(os.path.realpath(folder + "/current") + "/journeys.duckdb",
                        read_only=True) as release:
        versions = release.execute(
            "select distinct version from fct_interactions union "
            "select distinct version from dim_customers"
        ).fetchall()
    assert len(versions) == 1, versions
    reads += 1
print(reads)
"""

# Publishes in a child that dies by SIGKILL at its n-th line of `publish.py`, n = 1, 8, …; says
# after each how far it was, and goes on when it is told to.
KILLED = """
import os, signal, sys
from ingestion.settings import Settings
from serving import publish

HELPERS = {"count", "text", "<genexpr>", "<listcomp>", "<dictcomp>"}

def die_at(last):
    lines = 0
    def trace(frame, event, _):
        nonlocal lines
        if frame.f_code.co_filename != publish.__file__ or frame.f_code.co_name in HELPERS:
            return None
        if event == "line":
            lines += 1
            if lines == last:
                print(frame.f_code.co_name, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    sys.settrace(trace)

for step in range(int(sys.argv[2]), 10_000, int(sys.argv[3])):
    child = os.fork()
    if child == 0:
        die_at(step)
        publish.publish(Settings.read("test"), sys.argv[1], 1)
        print("whole", flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if status == 0:
        break
    if not sys.stdin.readline():
        break
"""


def open_release(settings: Settings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(publish.current(settings) / "journeys.duckdb", read_only=True)


def test_a_release_holds_every_published_table_in_both_forms(settings: Settings, built):
    release = publish.publish(settings, built(rows=10), checks_passed=7)
    folder = publish.current(settings)
    assert folder.name == release.release_id
    assert release.row_counts == {"dim_customers": 10, "fct_interactions": 10}
    with open_release(settings) as connection:
        assert {row[0] for row in connection.execute("show tables").fetchall()} == {
            "_published",
            "dim_customers",
            "fct_interactions",
        }
        told = connection.execute(
            "select release_id, as_of::varchar, log_position, rule_version, row_counts, "
            "checks_passed from _published"
        ).fetchone()
    assert told == (
        release.release_id,
        "2026-06-30 12:00:00",
        "position",
        "1.0.0",
        json.dumps(release.row_counts),
        7,
    )
    for name in ("dim_customers", "fct_interactions", "_published"):
        assert pq.read_metadata(folder / f"{name}.parquet").num_rows == (
            1 if name == "_published" else 10
        )


def test_descriptions_and_units_travel_with_the_tables(settings: Settings, built):
    publish.publish(settings, built(), checks_passed=1)
    with open_release(settings) as connection:
        assert connection.execute(
            "select comment from duckdb_tables() where table_name = 'dim_customers'"
        ).fetchone() == ("One row per row of dim_customers; it's described.",)
        bare = connection.execute(
            "select table_name, column_name from duckdb_columns() where comment is null "
            "and not internal"
        ).fetchall()
        assert bare == []
        assert connection.execute(
            "select comment from duckdb_columns() "
            "where table_name = 'dim_customers' and column_name = 'score'"
        ).fetchone() == ("the score, in words [fp]",)
    schema = pq.read_schema(publish.current(settings) / "dim_customers.parquet")
    assert schema.field("score").metadata[b"description"] == b"the score, in words"
    assert schema.field("score").metadata[b"unit"] == b"fp"
    assert schema.metadata[b"description"] == b"One row per row of dim_customers; it's described."
    assert json.loads(schema.metadata[b"columns"])["score"] == "the score, in words"
    assert json.loads(schema.metadata[b"units"])["score"] == "fp"


def test_the_file_opens_in_older_clients_and_nobody_can_write_it(settings: Settings, built):
    publish.publish(settings, built(), checks_passed=1)
    folder = publish.current(settings)
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert folder / "data_docs" / "index.html" in files
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o444, path
    # The storage version stands in the header of the file; 64 is that of DuckDB 1.0 and 1.1.
    header = (folder / "journeys.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64


def test_three_releases_are_kept(settings: Settings, built):
    for version in range(1, 6):
        publish.publish(settings, built(version), checks_passed=1)
    kept = [path.name for path in publish.releases(settings)]
    assert len(kept) == 3
    assert publish.current(settings).name == kept[-1]


def test_a_build_published_many_times_keeps_its_newest_releases(settings: Settings, built):
    build_id = built(1)
    for _ in range(12):
        newest = publish.publish(settings, build_id, checks_passed=1)
        assert publish.current(settings).name == newest.release_id
    assert len(publish.releases(settings)) == 3


def test_what_another_run_has_built_since_is_not_published_as_audited(settings: Settings, built):
    audited = built(1)
    built(2)
    with pytest.raises(PublishError, match="another run has built since"):
        publish.publish(settings, audited, checks_passed=1)
    with pytest.raises(NotPublished):
        publish.current(settings)


def test_a_publish_that_was_killed_leaves_the_old_release_and_the_next_one_cleans_up(
    settings: Settings, built, monkeypatch: pytest.MonkeyPatch
):
    first = publish.publish(settings, built(1), checks_passed=1)
    second = built(2)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publish, "describe_run", die)
        with pytest.raises(KeyboardInterrupt):
            publish.publish(settings, second, checks_passed=1)
    assert publish.current(settings).name == first.release_id
    assert list(settings.published.glob(".*.part"))
    publish.publish(settings, second, checks_passed=1)
    assert publish.current(settings).name == second
    assert not list(settings.published.glob(".*.part"))


def test_a_publish_killed_at_any_step_leaves_the_old_release_or_the_new_one_whole(
    settings: Settings, built
):
    def assert_whole(release: Path) -> int:
        told = publish.read_release(release)
        with duckdb.connect(release / "journeys.duckdb", read_only=True) as connection:
            ((version,),) = connection.execute(
                "select distinct version from fct_interactions union "
                "select distinct version from dim_customers"
            ).fetchall()
            for table, rows in told.row_counts.items():
                assert connection.execute(f"select count(*) from {table}").fetchone() == (rows,)
                assert pq.read_metadata(release / f"{table}.parquet").num_rows == rows
        assert all(path.stat().st_mode & 0o777 == 0o444 for path in release.rglob("*.*"))
        return version

    publish.publish(settings, built(1), checks_passed=1)
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, built(2), "1", "7"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin and child.stdout
    died_in, versions = set[str](), []
    for step in child.stdout:
        assert len(versions) < 200
        died_in.add(step.strip())
        versions.append(assert_whole(publish.current(settings)))
        for release in publish.releases(settings):
            assert_whole(release)
        if step.strip() == "whole":
            break
        child.stdin.write("\n")
        child.stdin.flush()
    assert child.wait(timeout=60) == 0
    # From some step on it is the new one, and never the old one again.
    assert versions == sorted(versions) and set(versions) == {1, 2}
    assert {"publish", "copy", "comment", "whole"} <= died_in
    assert len(publish.releases(settings)) == 3
    assert not list(settings.published.glob(".*"))


def test_a_table_that_does_not_arrive_whole_is_not_published(
    settings: Settings, built, monkeypatch: pytest.MonkeyPatch
):
    build_id = built(1)
    count = publish.count
    monkeypatch.setattr(publish, "count", lambda c, r: count(c, r) - ("parquet" in r))
    with pytest.raises(PublishError, match="10 rows in the warehouse"):
        publish.publish(settings, build_id, checks_passed=1)


def test_a_table_without_descriptions_is_not_published(settings: Settings, built):
    built(1)
    manifest = settings.root / "dbt" / "target" / "manifest.json"
    nodes = json.loads(manifest.read_text())
    nodes["nodes"]["model.journeys.dim_customers"]["columns"]["score"]["description"] = " "
    manifest.write_text(json.dumps(nodes))
    with pytest.raises(PublishError, match="dim_customers has no description of score"):
        marts(settings)


@pytest.mark.parametrize("unit", [None, "", "parsecs"])
def test_a_column_without_a_known_unit_is_not_published(settings: Settings, built, unit):
    built(1)
    manifest = settings.root / "dbt" / "target" / "manifest.json"
    nodes = json.loads(manifest.read_text())
    column = nodes["nodes"]["model.journeys.dim_customers"]["columns"]["score"]
    column["meta"] = {"unit": unit} if unit is not None else {}
    manifest.write_text(json.dumps(nodes))
    with pytest.raises(PublishError, match="dim_customers has no known unit of score"):
        marts(settings)


def test_readers_notice_nothing_of_thirty_publishes(
    settings: Settings, built: Callable[..., str], tmp_path: Path
):
    publish.publish(settings, built(1, rows=200), checks_passed=1)
    over = tmp_path / "over"
    command = [sys.executable, "-c", READER, str(settings.published), str(over)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for version in range(2, 32):
        publish.publish(settings, built(version, rows=200), checks_passed=1)
        time.sleep(0.02)
    over.touch()
    for reader in readers:
        reads, errors = reader.communicate(timeout=60)
        assert reader.returncode == 0, errors
        assert int(reads) > 30
