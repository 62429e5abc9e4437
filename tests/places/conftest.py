"""Each kind of place that state can be in: a folder, and a bucket of a store of the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.store import Place
from tests.store.server import StoreServer, running


@pytest.fixture(scope="session")
def server() -> Iterator[StoreServer]:
    """One store for all tests."""
    with running() as server:
        yield server


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A fresh place of each kind."""
    if request.param == "folder":
        return tmp_path / "place"
    return request.getfixturevalue("server").bucket() + "/state"
