"""A PostgreSQL server of the tests' own, on the loopback address, gone after them."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving import publish
from tests.postgres.server import running
from tests.serving.contract_tables import build_contract_tables

PASSWORD = "a p@ss/word"


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """The port of a running server with the roles `owner` and `analyst` and the database `bi`."""
    statements = (
        f"create role owner login password '{PASSWORD}'",
        f"create role analyst login password '{PASSWORD}'",
        "create database bi owner owner",
    )
    with running(statements) as number:
        yield number


Url = Callable[[str], str]


@pytest.fixture(scope="session")
def url(port: int) -> Url:
    """The URL for a role."""
    return lambda role: f"postgresql://{role}:a%20p%40ss%2Fword@127.0.0.1:{port}/bi"


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A release of every table as files, each made once: release(version=1, rows=100) -> folder.

    Its settings' root is two folders up.
    """

    @cache
    def made(version: int = 1, rows: int = 100) -> Path:
        root = tmp_path_factory.mktemp("release")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JOURNEYS_ROOT", str(root))
            settings = Settings.read("test")
        EventLog(settings.log).open()
        publish.publish(settings, build_contract_tables(settings, version, rows), 1)
        return publish.current(settings)

    return made
