"""The DAGs: they import, they have windows of a length, and they run as they say."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dags.local.run import RunFailedToStart, prepare, read_dags, unknown
from ingestion.errors import StoreError
from ingestion.event_log import EventLog
from ingestion.settings import Settings
from ingestion.sources import MODULES
from tests.sample_company.company import simulate

REPOSITORY = Path(__file__).parents[2]
CLICK = (
    '{"type":"page","messageId":"m1","anonymousId":"a1","name":"Home","properties":{"path":"/"},'
    '"timestamp":"2026-03-01T10:00:00Z","sentAt":"2026-03-01T10:00:00Z",'
    '"receivedAt":"2026-03-01T10:00:00Z","originalTimestamp":"2026-03-01T10:00:00Z"}\n'
)
SLOWEST_PARSE = 1.0  # seconds, for all DAG files together, once Airflow itself is loaded
HEAVY = ("great_expectations", "dbt", "pandas")


def test_there_is_one_ingest_dag_a_source_and_one_for_each_thing_to_ask_for(dags: dict[str, Any]):
    assert set(dags) >= {
        "warehouse",
        "erase",
        "replay",
        "quarantine_replay",
        *(f"ingest_{source}" for source in MODULES),
    }


def test_every_dag_tells_what_it_does_and_where_to_look(dags: dict[str, Any]):
    for dag in dags.values():
        assert dag.doc_md and "If it fails" in dag.doc_md, dag.dag_id
        assert dag.tags, dag.dag_id


def test_every_task_has_a_time_limit_and_every_dag_runs_once_at_a_time(dags: dict[str, Any]):
    for dag in dags.values():
        assert dag.max_active_runs == 1, dag.dag_id
        assert not dag.catchup, dag.dag_id
        for task in dag.tasks:
            assert task.execution_timeout is not None, task.task_id
            # what somebody asked for and sees fail is theirs to ask for again
            assert task.retries > 0 or dag.schedule is None, task.task_id


def test_every_window_has_a_length(dags: dict[str, Any]):
    from airflow.sdk import timezone
    from airflow.serialization.encoders import coerce_to_core_timetable

    now = timezone.coerce_datetime(timezone.utcnow())
    scheduled = [dag for dag in dags.values() if dag.schedule is not None]
    assert len(scheduled) > 8
    for dag in scheduled:
        timetable = coerce_to_core_timetable(dag.timetable)
        window = timetable.infer_manual_data_interval(run_after=now)
        assert window.end > window.start, dag.dag_id


def test_the_log_wakes_the_warehouse_and_a_landed_file_wakes_its_source(dags: dict[str, Any]):
    assert [asset.name for asset in assets(dags["warehouse"])] == ["event_log"]
    for source in MODULES:
        dag = dags[f"ingest_{source}"]
        (landed,) = assets(dag)
        assert landed.name == f"landing_{source}"
        assert landed.watchers[0].trigger.folder.endswith(f"/{source}")
        assert [asset.name for task in dag.tasks for asset in task.outlets] == ["event_log"]


def assets(dag: Any) -> list[Any]:
    """The assets that a DAG waits for: one each, so the condition is the asset."""
    return [dag.timetable.asset_condition]


def test_dag_files_parse_in_under_a_second_and_load_nothing_heavy(settings: Settings):
    code = f"""
import sys, time
import airflow.sdk, airflow.triggers.base
from airflow.sdk import AssetOrTimeSchedule, AssetWatcher, CronDataIntervalTimetable, Param, task
from airflow.dag_processing.dagbag import DagBag
before = set(sys.modules)
started = time.process_time()
bag = DagBag(dag_folder={str(REPOSITORY / "dags")!r})
seconds = time.process_time() - started
assert not bag.import_errors, bag.import_errors
assert len(bag.dags) > 8, list(bag.dags)
heavy = [name for name in {HEAVY!r} if name in sys.modules and name not in before]
assert not heavy, heavy
assert seconds < {SLOWEST_PARSE}, seconds
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def run(dag: Any) -> tuple[str, dict[str, str]]:
    """Run a DAG once in this process: its state, and its tasks' states."""
    for task in dag.tasks:
        task.retries = 0
    outcome = dag.test()
    return str(outcome.state), {ti.task_id: str(ti.state) for ti in outcome.get_task_instances()}


def news_of_the_log() -> int:
    """How often the DAGs have said that the log has grown."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    with create_session() as session:
        return int(
            session.scalar(
                select(func.count())
                .select_from(AssetEvent)
                .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
                .where(AssetModel.name == "event_log")
            )
            or 0
        )


@pytest.fixture
def land(landing: Path) -> Callable[[str, str, str], Path]:
    """Land a file of a source: land(source, name, text)."""

    def landed(source: str, name: str, text: str) -> Path:
        path = landing / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return landed


def test_an_ingest_run_tells_of_growth_only_when_the_log_has_grown(
    dags: dict[str, Any], settings: Settings, land: Callable[[str, str, str], Path]
):
    made = settings.root / "made"
    simulate(made, None, 20, 1, 3, datetime(2026, 6, 30, tzinfo=UTC))
    export = next(path for path in sorted((made / "connect").rglob("*")) if path.is_file())
    path = settings.landing / "connect" / export.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(export.read_bytes())

    before = news_of_the_log()
    assert run(dags["ingest_connect"]) == ("success", {"record_new_files": "success"})
    assert news_of_the_log() == before + 1
    assert sum(header.events for header in EventLog(settings.log).headers("connect")) > 0

    assert run(dags["ingest_connect"]) == ("success", {"record_new_files": "skipped"})
    assert news_of_the_log() == before + 1


def test_a_retry_tells_of_what_the_try_before_appended_and_could_not_tell(
    dags: dict[str, Any],
    settings: Settings,
    land: Callable[[str, str, str], Path],
    monkeypatch: pytest.MonkeyPatch,
):
    land("segment", "clicks.ndjson", CLICK)
    append, died = EventLog.append, []

    def append_and_die(*given: Any) -> bool:
        append(*given)
        died.append(True)
        raise RuntimeError("the worker is gone")

    before = news_of_the_log()
    dag = dags["ingest_segment"]
    monkeypatch.setattr(dag.tasks[0], "retries", 1)
    monkeypatch.setattr(dag.tasks[0], "retry_delay", timedelta(0))
    with monkeypatch.context() as patched:
        patched.setattr(EventLog, "append", append_and_die)
        assert str(dag.test().state) == "success"
    assert died == [True]
    assert news_of_the_log() == before + 1


def test_a_mapping_with_a_mistake_fails_its_own_source_at_once_and_no_other(
    settings: Settings, dags: dict[str, Any], land: Callable[[str, str, str], Path]
):
    mapping = land("loyalty", "mapping.yml", "interactions: nonsense\n")
    land("loyalty", "visits.csv", "id,when\n1,2026-01-01T00:00:00Z\n")
    try:
        with_mapping = read_dags()
        assert set(with_mapping) == {*dags, "ingest_loyalty"}
        with_mapping["ingest_loyalty"].tasks[0].retries = 3
        outcome = with_mapping["ingest_loyalty"].test()
        assert str(outcome.state) == "failed"
        assert [ti.try_number for ti in outcome.get_task_instances()] == [1]
        assert run(with_mapping["ingest_appointments"])[0] == "success"
    finally:
        mapping.unlink()


def test_a_folder_that_no_source_reads_is_named(tmp_path: Path):
    for name in ("connect", "shop", "notes", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "shop" / "mapping.yml").touch()
    (tmp_path / "a file.csv").touch()
    assert unknown(tmp_path) == [tmp_path / "notes"]


def test_a_state_folder_that_cannot_be_made_or_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "file" / "var"))
    monkeypatch.delenv("JOURNEYS_LANDING", raising=False)
    with pytest.raises(StoreError, match="var holds the state, and cannot be made: Not a"):
        prepare("dagtest", "")
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "var"))
    # as on a file system that is mounted read-only: who runs as root may write anywhere else
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunFailedToStart, match="var holds the state, and cannot be written to"):
        prepare("dagtest", "")
