"""What is asked for by hand on the command line, and as what Airflow hears of it."""

import sys
from pathlib import Path

import pytest

from dags.local import asked
from ingestion.settings import Settings
from serving.erase import hashed


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, dict[str, str]]]:
    """The DAGs that were run and what they were given, in place of running them."""
    runs: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "state"))
    monkeypatch.setattr(asked, "run", lambda settings, dag, conf: runs.append((dag, conf)))
    return runs


def ask(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["asked", *arguments])
    return asked.main()


def test_a_customer_to_replay_is_given_by_any_identifier_and_airflow_sees_a_hash(
    heard, monkeypatch: pytest.MonkeyPatch
):
    assert ask(monkeypatch, "replay", "--customer", "email:Ann@Example.org") == 0
    person = hashed(Settings.read("sample"), "email:ann@example.org")
    assert heard == [("replay", {"source": "", "customer": person})]


def test_a_customer_to_replay_is_given_by_id(heard, monkeypatch: pytest.MonkeyPatch):
    assert ask(monkeypatch, "replay", "--customer", "ab" * 16) == 0
    assert ask(monkeypatch, "replay", "--source", "connect") == 0
    assert heard == [
        ("replay", {"source": "", "customer": "ab" * 16}),
        ("replay", {"source": "connect", "customer": ""}),
    ]


def test_what_is_no_identifier_is_refused_before_anything_runs(
    heard, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert ask(monkeypatch, "replay", "--customer", "phone:CALL ME") == 1
    assert ask(monkeypatch, "erase", "--person", "ann") == 1
    assert heard == []
    said = capsys.readouterr().err
    assert said.count("FAILED: ") == 2 and "CALL ME" not in said
