"""Whether a build works on what is new alone is decided by what the warehouse says of itself."""

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.event_log import SCHEMA, EventLog
from ingestion.settings import Settings
from ingestion.store import Stored
from serving import increment


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A state whose log is empty and whose warehouse was finished from it under the rules `r`."""
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path))
    settings = Settings.read("sample")
    EventLog(settings.log).open()
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create table stg_run (as_of timestamp, known_at timestamp)")
        for table in increment.AFFECTED:
            connection.execute(f"create table {table} (number int)")
    increment.finish(settings, increment.FULL, "r", "2026-03-01", "", batches(settings))
    return settings


def batches(settings: Settings) -> list[Stored]:
    """What the log holds now."""
    return EventLog(settings.log).batches()


def scope(settings: Settings, rules: str, as_of: str) -> str:
    """How a build of these rules as of this time would work."""
    return increment.scope(settings, rules, as_of, "", batches(settings))


def test_time_that_moves_on_without_a_new_batch_is_a_slice(settings: Settings) -> None:
    assert scope(settings, "r", "2026-03-02") == increment.SLICE
    with duckdb.connect(str(settings.warehouse)) as connection:
        assert connection.execute("select count(*) from slice_batches").fetchone() == (0,)


@pytest.mark.parametrize(("rules", "as_of"), [("other", "2026-03-01"), ("r", "2026-02-28")])
def test_other_rules_or_a_time_that_moved_back_build_everything(
    settings: Settings, rules: str, as_of: str
) -> None:
    assert scope(settings, rules, as_of) == increment.FULL
    # Nothing says any more what the warehouse was made from, should this build not finish.
    assert scope(settings, "r", "2026-03-01") == increment.FULL


def test_a_batch_that_was_appended_while_a_build_ran_is_news_to_the_next(
    settings: Settings,
) -> None:
    log = EventLog(settings.log)
    when_it_began = batches(settings)
    fresh = log.scratch("crm", "late")
    pq.write_table(SCHEMA.empty_table(), fresh)
    log.append("crm", "late", fresh)

    increment.finish(settings, increment.FULL, "r", "2026-03-01", "", when_it_began)

    assert scope(settings, "r", "2026-03-01") == increment.SLICE
    with duckdb.connect(str(settings.warehouse)) as connection:
        assert connection.execute("select batch_id from slice_batches").fetchall() == [("late",)]


@pytest.mark.parametrize(
    ("recorded", "seen_as", "expected"),
    [
        ("2026-03-01", "ann", increment.FULL),
        ("2026-03-02", "bob", increment.FULL),
        ("2026-03-02", "ann", increment.SLICE),
        ("2026-03-03", "bob", increment.SLICE),
    ],
)
def test_an_earlier_recording_of_a_known_event_takes_its_place_and_builds_everything(
    settings: Settings, recorded: str, seen_as: str, expected: str
) -> None:
    append(settings, "b-known", ["2026-03-02"] * 9, "ann")
    when_it_ended = batches(settings)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("insert into stg_run values (null, timestamp '2026-03-09')")
    increment.finish(settings, increment.FULL, "r", "2026-03-01", "", when_it_ended)
    append(settings, "a-again", [recorded], seen_as)
    assert scope(settings, "r", "2026-03-01") == expected


def append(settings: Settings, name: str, recorded: list[str], seen_as: str) -> None:
    """Append a batch of events 0, 1, …, recorded at these times, that name one identifier."""
    log = EventLog(settings.log)
    rows = [
        {
            "event_id": f"event-{number}",
            "source": "crm",
            "record_type": "row",
            "recorded_at": datetime.fromisoformat(time),
            "batch_id": name,
            "identifiers": [{"type": "email", "hash": seen_as, "problem": None}],
        }
        for number, time in enumerate(recorded)
    ]
    fresh = log.scratch("crm", name)
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), fresh)
    log.append("crm", name, fresh)
