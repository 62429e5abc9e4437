"""Building: one writer at a time, and a fingerprint of everything that a build depends on."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow.parquet as pq
import pytest

from ingestion.event_log import EventLog
from ingestion.identifiers import Identifiers
from ingestion.settings import Settings
from serving import warehouse
from serving.errors import WarehouseError
from serving.spark import build as spark

HOLDER = """
import sys, time
from ingestion.settings import Settings
from serving.warehouse import sole_writer
with sole_writer(Settings.read("test")):
    print("holding", flush=True)
    time.sleep(float(sys.argv[1]))
"""

PARENT = """
import subprocess, time
from ingestion.settings import Settings
from serving.warehouse import sole_writer
with sole_writer(Settings.read("test")) as lock:
    subprocess.Popen(["sleep", "2"], pass_fds=[lock], stdout=subprocess.DEVNULL)
    print("child runs", flush=True)
    time.sleep(60)
"""


def holder(seconds: float) -> subprocess.Popen[str]:
    """Another process that holds the right to write."""
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=warehouse.REPOSITORY,
    )
    assert other.stdout is not None and other.stdout.readline() == "holding\n"
    return other


def test_a_second_writer_waits_for_the_first(settings: Settings, capsys):
    other = holder(1.5)
    started = time.monotonic()
    with warehouse.sole_writer(settings):
        assert time.monotonic() - started > 1
    assert "waiting" in capsys.readouterr().out
    other.wait()


def test_a_killed_writer_holds_nobody_up(settings: Settings):
    other = holder(60)
    other.kill()
    other.wait()
    started = time.monotonic()
    with warehouse.sole_writer(settings):
        assert time.monotonic() - started < 5


def test_a_dbt_that_outlives_its_killed_parent_keeps_the_next_writer_waiting(settings: Settings):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, cwd=warehouse.REPOSITORY
    )
    assert parent.stdout is not None and parent.stdout.readline() == "child runs\n"
    parent.kill()
    parent.wait()
    started = time.monotonic()
    with warehouse.sole_writer(settings):
        assert time.monotonic() - started > 1


def test_after_spark_duckdb_starts_from_the_log(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    EventLog(settings.log).open()
    spark.folder(settings).mkdir(parents=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create view calendars as select 1 as a_view_of_files_of_spark")

    def dbt(*_: object, **__: object) -> None:
        assert not settings.warehouse.exists()
        assert not spark.folder(settings).exists()
        raise WarehouseError("far enough")

    monkeypatch.setattr(warehouse, "run_dbt", dbt)
    with pytest.raises(WarehouseError, match="far enough"):
        warehouse.build(settings)


def test_the_fingerprint_changes_with_the_log_the_times_and_the_code(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    first = warehouse.fingerprint_of(settings, "", "")
    assert warehouse.fingerprint_of(settings, "", "") == first
    assert warehouse.fingerprint_of(settings, "2026-01-01", "") != first
    assert warehouse.fingerprint_of(settings, "", "2026-01-01") != first

    batch = settings.log / "source=connect" / "abc.parquet"
    batch.parent.mkdir(parents=True)
    batch.write_bytes((settings.log / "source=none" / "empty.parquet").read_bytes())
    grown = warehouse.fingerprint_of(settings, "", "")
    assert grown != first

    changed = tmp_path / "model.sql"
    changed.write_text("select 1")
    monkeypatch.setattr(warehouse, "REPOSITORY", tmp_path)
    monkeypatch.setattr(warehouse, "code_files", lambda: [changed])
    other = warehouse.fingerprint_of(settings, "", "")
    changed.write_text("select 2")
    assert warehouse.fingerprint_of(settings, "", "") not in (other, grown)


def test_a_failed_build_names_what_failed_and_leaves_no_build(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "seeds").mkdir()
    (project / "dbt_project.yml").write_text(
        "name: broken\nversion: 1.0.0\nprofile: journeys\nmodel-paths: [models]\n"
    )
    (project / "profiles.yml").write_text((warehouse.PROJECT / "profiles.yml").read_text())
    (project / "models" / "wrong.sql").write_text("select no_such_column from (select 1 as a)")
    for seed in ("blocked_identifiers", "identifier_types"):
        text = (warehouse.PROJECT / "seeds" / f"{seed}.csv").read_text()
        (project / "seeds" / f"{seed}.csv").write_text(text)
    monkeypatch.setattr(warehouse, "PROJECT", project)
    with pytest.raises(WarehouseError, match=r"wrong: .*no_such_column"):
        warehouse.build(settings)
    assert warehouse.last_build(settings) is None


SIGNAL_LEVEL = {"occurred_at": "at", "touchpoint": "place", "signal": "signal"}
CALLS = {"occurred_at": "at", "touchpoint": "place"}
WAITS = CALLS | {"signal": {"value": "queue.wait"}, "measure": {"column": "q_time", "unit": "s"}}


def blocked_customers(settings: Settings, values: tuple[str, ...]) -> set[str]:
    """Which customer ids of a log name nobody."""
    warehouse.write_blocked(settings)
    hashes = set(pq.read_table(settings.root / "blocked.parquet")["hash"].to_pylist())
    identifiers = Identifiers(settings.secret(), settings.default_region)
    return {value for value in values if identifiers.hash("customer", value) in hashes}


@pytest.mark.parametrize(
    ("sources", "nobody"),
    [
        ([SIGNAL_LEVEL], {"null", "anonymous", "-1"}),
        ([CALLS], {"0", "test", "null", "anonymous", "-1"}),
        ([SIGNAL_LEVEL, CALLS], {"0", "test", "null", "anonymous", "-1"}),
        ([WAITS], {"0", "test", "null", "anonymous", "-1"}),
    ],
)
def test_customer_0_is_somebody_in_a_log_of_signals_and_nobody_in_a_log_of_calls(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, sources: list[dict], nobody: set[str]
):
    headers = [
        SimpleNamespace(
            source=f"log{number}",
            mapping={"files": "*.csv", "customer": "who", "interactions": [interaction]},
        )
        for number, interaction in enumerate(sources)
    ]
    monkeypatch.setattr(warehouse, "EventLog", lambda _: SimpleNamespace(headers=lambda: headers))
    assert blocked_customers(settings, ("0", "test", "null", "anonymous", "-1", "7")) == nobody


def test_what_means_nobody_does_so_however_a_system_writes_it(settings: Settings):
    written = ("?", "#N/A", "N/A", "NaN", "None", "unknown", "Unknown", "UNKNOWN", "\\N", "(null)")
    assert blocked_customers(settings, (*written, "Ann", "7")) == set(written)
