"""The DAGs that erase and replay, run for real: what they take, what they do, what they refuse."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from dags.local.run import RunFailed, run_dag
from ingestion.erased import Register
from ingestion.event_log import EventLog
from ingestion.quarantine import Quarantine
from ingestion.settings import Settings
from serving import erase, warehouse

PERSON = "0123456789abcdef0123456789abcdef"


def land(settings: Settings, name: str, *ids: str) -> None:
    """Land contacts of one telephone number each."""
    path = settings.landing / "connect" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {
                "ContactId": each,
                "InitiationTimestamp": "2026-03-01T10:00:00Z",
                "LastUpdateTimestamp": "2026-03-01T10:09:00Z",
                "DisconnectTimestamp": "2026-03-01T10:08:00Z",
                "InitiationMethod": "INBOUND",
                "Channel": "VOICE",
                "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": f"+1415555{each}"},
            }
        )
        for each in ids
    ]
    path.write_text("\n".join([*lines, "{broken"]) + "\n")


def test_the_parameters_are_held_against_their_schema(dags: dict[str, Any]):
    from airflow.sdk.exceptions import ParamValidationError

    for dag_id, wrong in (
        ("erase", {"person": "email:ann@home.example"}),
        ("erase", {}),
        ("replay", {"source": "../etc"}),
        ("replay", {"customer": "ann"}),
        ("quarantine_replay", {"source": "A B"}),
    ):
        with pytest.raises((ParamValidationError, RunFailed, ValueError)):
            run_dag(dags[dag_id], wrong)


def test_one_person_is_erased_and_the_run_says_how_much_and_not_whom(
    dags: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    land(settings, "a.ndjson", "0101", "0102")
    run_dag(dags["ingest_connect"], {})
    person = erase.hashed(settings, "phone:+14155550101")
    monkeypatch.setattr(erase, "known", lambda settings, person: ({person}, set()))
    assert run_dag(dags["erase"], {"person": person}) == {"erase_person": "success"}
    assert Register.of(settings.log).hashes() == {person}
    assert "0101" not in (settings.landing / "connect/a.ndjson").read_text()
    assert "0102" in (settings.landing / "connect/a.ndjson").read_text()
    log = EventLog(settings.log)
    (header,) = log.headers("connect")
    assert header.events == 1
    assert run_dag(dags["ingest_connect"], {}) == {"record_new_files": "skipped"}
    assert (settings.log / ".lock").exists()


def test_a_source_is_read_again_and_only_what_is_new_is_added(
    dags: dict[str, Any], settings: Settings
):
    land(settings, "b.ndjson", "0201", "0202")
    run_dag(dags["ingest_connect"], {})
    log = EventLog(settings.log)
    before = len(log.headers("connect"))
    run_dag(dags["replay"], {"source": "connect", "customer": ""})
    assert len(log.headers("connect")) == before
    # a batch that was lost comes back from its landing files, and once
    newest = log.headers("connect")[-1]
    log.store.delete(f"source=connect/{newest.batch_id}.parquet")
    run_dag(dags["replay"], {"source": "connect", "customer": ""})
    run_dag(dags["replay"], {"source": "connect", "customer": ""})
    assert sum(header.events for header in log.headers("connect")) == 3


def test_everything_is_read_again_from_the_log(dags: dict[str, Any], settings: Settings):
    warehouse.write_whole(
        warehouse.built_path(settings),
        json.dumps({"build_id": "b", "fingerprint": "f", "as_of": "", "known_at": ""}),
    )
    settings.warehouse.write_text("old")
    run_dag(dags["replay"], {"source": "", "customer": ""})
    assert not settings.warehouse.exists() and warehouse.last_build(settings) is None


def test_what_was_set_aside_is_read_again(dags: dict[str, Any], settings: Settings):
    assert Quarantine(settings.quarantine).sources() == ["connect"]
    run_dag(dags["quarantine_replay"], {"source": ""})
    aside = len(Quarantine(settings.quarantine).rows("connect"))
    assert aside > 0
    # a source that cannot be replayed costs the others nothing
    gone = Path(Quarantine(settings.quarantine).files()[0].address)
    folder = settings.quarantine / "source=gone"
    folder.mkdir()
    shutil.copy(gone, folder / gone.name)
    with pytest.raises(
        RunFailed, match=f"connect: 0 events recorded, {aside} records.*gone: no so"
    ):
        run_dag(dags["quarantine_replay"], {"source": ""})


def test_an_unknown_source_fails_and_says_so(dags: dict[str, Any]):
    with pytest.raises(RunFailed, match="no source of this name ships"):
        run_dag(dags["replay"], {"source": "nowhere", "customer": ""})
    with pytest.raises(RunFailed, match="one source, or one customer"):
        run_dag(dags["replay"], {"source": "connect", "customer": PERSON})
