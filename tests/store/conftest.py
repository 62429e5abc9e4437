"""A store of the tests, and the settings of a pipeline whose state is in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.settings import Settings
from tests.store.server import StoreServer, running


@pytest.fixture(scope="session")
def server() -> Iterator[StoreServer]:
    """One store for all tests."""
    with running() as server:
        yield server


@pytest.fixture
def settings(tmp_path: Path, server: StoreServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a pipeline whose landing place, log, quarantine and releases are in a store."""
    bucket = server.bucket()
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "var"))
    monkeypatch.setenv("JOURNEYS_SECRET", "a secret of the tests")
    for name in ("LANDING", "LOG", "QUARANTINE", "PUBLISHED"):
        monkeypatch.setenv(f"JOURNEYS_{name}", f"{bucket}/{name.lower()}")
    return Settings.read("test")
