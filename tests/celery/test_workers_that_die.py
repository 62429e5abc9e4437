"""Celery workers that share a store and nothing else: killed in the midst of their work, the run
still ends in a release, and its tables are those of one machine."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from ingestion.event_log import EventLog
from ingestion.record import has_news
from ingestion.settings import Settings
from ingestion.sources import all_sources
from serving import publish, warehouse
from serving.errors import NotPublished
from tests.celery.fleet import Fleet, running
from tests.store.company import FIRST, differences, export, is_late, land, run
from tests.store.server import running as store_running

PLACES = ("LANDING", "LOG", "QUARANTINE", "PUBLISHED")
SECONDS_TO_WAIT = 2400


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Callable[[str], Settings]]:
    """state(machine): the settings of a machine with everything but its own folder in one store."""
    with pytest.MonkeyPatch.context() as patched, store_running() as store:
        bucket = store.bucket()
        patched.setenv("JOURNEYS_SECRET", "a secret of the tests")
        patched.setenv("JOURNEYS_OWN_DOMAINS", "company.example")
        patched.setenv("JOURNEYS_STORE_ZONE", "Europe/London")
        for name in PLACES:
            patched.setenv(f"JOURNEYS_{name}", f"{bucket}/{name.lower()}")

        def machine(name: str) -> Settings:
            patched.setenv("JOURNEYS_ROOT", str(tmp_path / name))
            return Settings.read("main")

        yield machine


def test_workers_killed_in_the_midst_cost_nothing_but_time(
    state: Callable[[str], Settings], tmp_path: Path
):
    exported = tmp_path / "exported"
    export(exported)
    head = state("head-state")
    land(head, exported, lambda path: not is_late(path))
    with running(tmp_path, head) as fleet:
        builder = fleet.worker("first", "default,warehouse")
        recorder = fleet.worker("second", "default")
        wait_for(recorder.is_at_work, fleet)
        recorder.die()
        wait_for(lambda: has_release_of_all(head), fleet)
        first = publish.current(head).name

        # The only worker that builds dies while it builds; readers keep what they have.
        land(head, exported, is_late)
        wait_for(builder.is_building, fleet)
        builder.die()
        assert publish.current(head).name == first
        fleet.worker("third", "default,warehouse")
        wait_for(lambda: has_release_of_all(head), fleet)

    # One machine with nothing but the log: the same release, row for row.
    alone = state("alone")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JOURNEYS_PUBLISHED", str(tmp_path / "alone-published"))
        alone = Settings.read("main")
        alone.root.mkdir()
        assert run(alone, FIRST).scope == "full"
        assert differences(head, alone) == []

    # And the log holds what one machine would have recorded, each event once.
    with pytest.MonkeyPatch.context() as patched:
        for name in PLACES:
            patched.delenv(f"JOURNEYS_{name}")
        folders = state("folders")
        folders.root.mkdir()
        land(folders, exported, lambda _: True)
        run(folders, FIRST)
        assert events(folders) == events(head)


def has_release_of_all(settings: Settings) -> bool:
    """Whether every landed file was read, and the current release is of a log that holds them."""
    if any(has_news(source, settings) for source in all_sources(settings).values()):
        return False
    try:
        release = publish.read_release(publish.current(settings))
    except NotPublished:
        return False
    return release.fingerprint == warehouse.fingerprint_of(settings, "", "")


def events(settings: Settings) -> list[tuple[str, int]]:
    """Every event of the log and how often it is there."""
    with duckdb.connect() as connection:
        return connection.execute(
            "select event_id, count(*) from read_parquet(?, hive_partitioning = false) "
            "where record_type != 'batch' group by event_id order by event_id",
            [EventLog(settings.log).addresses(connection)],
        ).fetchall()


def wait_for(happened: Callable[[], bool], fleet: Fleet) -> None:
    until = time.monotonic() + SECONDS_TO_WAIT
    while not happened():
        assert time.monotonic() < until, f"nothing after {SECONDS_TO_WAIT} s: {fleet.folder}"
        time.sleep(1)
