"""The rules that stand as dbt unit tests beside their models hold, all of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving.warehouse import PROJECT, environment, write_blocked


def test_every_rule_beside_its_model_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path))
    settings = Settings.read("rules")
    EventLog(settings.log).open()
    write_blocked(settings)
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            "build",
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")),
            *("--exclude-resource-type", "test"),
        ],
        env=environment(settings),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert done.stdout.count("PASS int_") > 50
