"""The real road into a log of the test's own: files → gate → log."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ingestion.event_log import HEADER
from ingestion.quarantine import Quarantine
from ingestion.record import Report, record
from ingestion.settings import Settings
from ingestion.source import Source
from ingestion.sources import find

NOW = datetime(2026, 11, 1, 12)


@dataclass(frozen=True)
class Recorded:
    """What the log and the quarantine hold after a run."""

    events: pd.DataFrame
    headers: pd.DataFrame
    quarantine: pd.DataFrame
    report: Report


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a pipeline that lives in the test's own folder."""
    for name in [name for name in os.environ if name.startswith("JOURNEYS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "var"))
    monkeypatch.setenv("JOURNEYS_SECRET", "a secret of the tests")
    return Settings.read("test")


@pytest.fixture
def recorded(settings: Settings) -> Callable[..., Recorded]:
    """`recorded(source, {path: bytes}, now=NOW)` lands the files, records them, reads the log."""

    def run(source: str | Source, files: Mapping[str, bytes], now: datetime = NOW) -> Recorded:
        name = source if isinstance(source, str) else source.name
        for path, content in files.items():
            landed = settings.landing / name / path
            landed.parent.mkdir(parents=True, exist_ok=True)
            landed.write_bytes(content)
        found = find(source, settings) if isinstance(source, str) else source
        report = record(found, settings, now)
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            log = connection.execute(
                "from read_parquet(?, hive_partitioning = false, filename = false)",
                [f"{settings.log}/source=*/*.parquet"],
            ).df()
        is_header = log["record_type"] == HEADER
        return Recorded(
            events=log[~is_header].reset_index(drop=True),
            headers=log[is_header].reset_index(drop=True),
            quarantine=Quarantine(settings.quarantine).rows(name).to_pandas(),
            report=report,
        )

    return run
