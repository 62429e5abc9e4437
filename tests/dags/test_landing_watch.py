"""The watch of a landing folder: it tells of files once they rest, and of each change once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

from dags.landing_watch import FilesLanded, files_in
from ingestion.record import record
from ingestion.settings import Settings
from ingestion.sources import find

LOOK = 0.02  # seconds between looks, here
NO_INDEX = "/nonexistent/index.json"


async def within(events: AsyncIterator[Any], seconds: float = 2.0) -> Any:
    """The next event, or None if none comes in time."""
    try:
        return await asyncio.wait_for(anext(events), seconds)
    except TimeoutError:
        return None


def test_a_dropped_file_is_told_once(tmp_path: Path):
    async def story() -> None:
        events = FilesLanded(str(tmp_path), NO_INDEX, LOOK).run()
        (tmp_path / "calls.ndjson").write_text("{}\n")
        assert (await within(events)).payload == {"folder": str(tmp_path), "files": 1}
        assert await within(events, 0.3) is None

    asyncio.run(story())


def test_a_second_file_and_a_changed_file_are_told_again(tmp_path: Path):
    async def story() -> None:
        events = FilesLanded(str(tmp_path), NO_INDEX, LOOK).run()
        (tmp_path / "a.csv").write_text("1")
        assert await within(events)
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / "b.csv").write_text("2")
        assert (await within(events)).payload["files"] == 2
        (tmp_path / "a.csv").write_text("1, longer")
        assert await within(events)

    asyncio.run(story())


def test_a_file_that_still_grows_is_not_told_yet(tmp_path: Path):
    async def story() -> None:
        events = FilesLanded(str(tmp_path), NO_INDEX, LOOK).run()
        waiting = asyncio.create_task(within(events, 5))
        for number in range(40):
            with open(tmp_path / "growing.ndjson", "a") as file:
                file.write("{}\n")
            await asyncio.sleep(LOOK / 4)
            if number < 39:
                assert not waiting.done()
        assert await waiting

    asyncio.run(story())


def test_an_empty_or_missing_folder_and_hidden_files_tell_nothing(tmp_path: Path):
    (tmp_path / ".half.part").write_text("x")
    assert files_in(tmp_path) == frozenset()
    assert files_in(tmp_path / "missing") == frozenset()


def test_what_ingestion_has_looked_at_before_a_restart_is_not_told_again(settings: Settings):
    landed = settings.landing / "queue_tickets" / "seen.csv"
    landed.parent.mkdir(parents=True, exist_ok=True)
    landed.write_text("ticket_no\n")
    record(find("queue_tickets", settings), settings, datetime(2026, 7, 1))
    index = str(settings.root / "landing_index.json")

    async def story() -> None:
        events = FilesLanded(str(landed.parent), index, LOOK).run()
        assert await within(events, 0.3) is None
        events = FilesLanded(str(landed.parent), index, LOOK).run()
        (landed.parent / "fresh.csv").write_text("ticket_no\n1\n")
        assert await within(events)

    asyncio.run(story())


def test_a_restarted_triggerer_makes_the_same_watch_again(tmp_path: Path):
    name, arguments = FilesLanded(str(tmp_path), NO_INDEX, LOOK).serialize()
    assert name == f"{FilesLanded.__module__}.FilesLanded"
    assert FilesLanded(**arguments).folder == str(tmp_path)
