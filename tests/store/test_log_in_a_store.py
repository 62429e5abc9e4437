"""The road into a log in a store: what lands in a bucket is recorded once, and can be erased."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ingestion.erased import Register
from ingestion.erasure import sweep
from ingestion.event_log import HEADER, EventLog
from ingestion.identifiers import Identifiers
from ingestion.quarantine import Quarantine
from ingestion.record import Report, record
from ingestion.replay import replay
from ingestion.settings import Settings
from ingestion.store import at
from tests.ingestion.conftest import NOW
from tests.ingestion.test_road import SHOP, lines, visit

# Dies by SIGKILL after the batch is in the store, before anybody is told; or just before.
KILLED = """
import os, signal, sys
from datetime import datetime
from ingestion.event_log import EventLog
from ingestion.record import record
from ingestion.settings import Settings
from tests.ingestion.test_road import SHOP
append = EventLog.append
def die(*given):
    if sys.argv[1] == "after":
        append(*given)
    os.kill(os.getpid(), signal.SIGKILL)
EventLog.append = die
record(SHOP, Settings.read("test"), datetime(2026, 11, 1, 12))
"""


def land(settings: Settings, name: str, content: bytes) -> None:
    store = at(settings.landing)
    fresh = store.scratch(f"shop/{name}")
    fresh.write_bytes(content)
    store.put(f"shop/{name}", fresh)


def keys(settings: Settings) -> list[str]:
    """The keys of all records in the log."""
    with duckdb.connect() as connection:
        addresses = EventLog(settings.log).addresses(connection)
        return [
            key
            for (key,) in connection.execute(
                "select record_key from read_parquet(?, hive_partitioning = false) "
                "where record_type != ? order by record_key",
                [addresses, HEADER],
            ).fetchall()
        ]


def test_what_lands_in_a_bucket_is_recorded_once_and_what_fails_is_set_aside(settings: Settings):
    land(settings, "a.ndjson", lines(visit("a"), "{bad", visit("b")))
    first = record(SHOP, settings, NOW)
    assert (first.events, first.set_aside, first.batches) == (2, 1, 1)
    assert not record(SHOP, settings, NOW).has_news
    land(settings, "deep/renamed.ndjson", lines(visit("a"), "{bad", visit("b")))
    assert not record(SHOP, settings, NOW).has_news
    land(settings, "b.ndjson", lines(visit("c")))
    assert record(SHOP, settings, NOW).events == 1
    assert keys(settings) == ["a", "b", "c"]
    assert len(Quarantine(settings.quarantine).rows("shop")) == 1
    assert [header.events for header in EventLog(settings.log).headers("shop")] == [2, 1]
    assert record(SHOP, settings, NOW, again=True).events == 0
    assert replay(SHOP, settings, NOW).still_set_aside == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_task_killed_around_its_put_is_run_again_and_the_batch_is_there_once(
    settings: Settings, when: str
):
    land(settings, "a.ndjson", lines(visit("a"), visit("b")))
    EventLog(settings.log).open()
    died = subprocess.run(
        [sys.executable, "-c", KILLED, when],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert died.returncode == -9
    assert keys(settings) == ([] if when == "before" else ["a", "b"])
    assert record(SHOP, settings, NOW) == Report(
        "shop", *((1, 2, 0, 0, 1) if when == "before" else ())
    )
    assert keys(settings) == ["a", "b"]


def test_a_batch_that_grows_while_it_is_read_waits_for_the_next_run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    land(settings, "a.ndjson", lines(visit("a")))
    from ingestion.gate import Gate

    check = Gate.check

    def grow(gate: Gate, *given):
        land(settings, "a.ndjson", lines(visit("a"), visit("b")))
        return check(gate, *given)

    with monkeypatch.context() as patched:
        patched.setattr(Gate, "check", grow)
        assert record(SHOP, settings, NOW).unfinished == ("a.ndjson",)
    assert keys(settings) == []
    assert record(SHOP, settings, NOW).events == 2


def test_an_erased_person_leaves_landing_log_and_quarantine_and_does_not_come_back(
    settings: Settings,
):
    export = lines(visit("a", who="ann@example.org"), visit("b", who="bob@example.org"))
    land(settings, "a.ndjson", export)
    land(settings, "b.ndjson", lines(visit("c", who="ann@example.org", kind="rumour"), visit("d")))
    record(SHOP, settings, NOW)
    log = EventLog(settings.log)
    before = [batch.key for batch in log.batches()]
    identifiers = Identifiers(settings.secret(), settings.default_region)
    ((hashed, _),) = identifiers.read(["email"], ["ann@example.org"])
    with log.alone():
        assert Register.of(settings.log).add([hashed]) == 1
        swept = sweep(settings, NOW)
        again = sweep(settings, NOW)
    # the source of this test is no shipped one, so its landing files are told by no gate
    assert swept.events_removed == 1 and swept.log_files == 1 and again.log_files == 0
    assert keys(settings) == ["b", "d"]
    assert [batch.key for batch in log.batches()] == before
    assert swept.quarantine_records == 1
    land(settings, "c.ndjson", export + lines(visit("e")))
    assert record(SHOP, settings, NOW).events == 2
    assert keys(settings) == ["b", "b", "d", "e"]
    assert hashed in at(settings.log).read("erased.txt").decode()
    assert json.loads(log.headers("shop")[-1].payload())["kept_out"] == 1
