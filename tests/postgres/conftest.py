"""A PostgreSQL server of the tests' own, on the loopback address, gone after them."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving import publish
from tests.serving.contract_tables import build_contract_tables

PASSWORD = "a p@ss/word"


def programs() -> Path:
    """The newest server's programs. Fails where none is installed: nothing was tested then."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and (elsewhere := shutil.which("initdb")):
        found = [Path(elsewhere)]
    if not found:
        pytest.fail("no PostgreSQL server is installed, so nothing was tested: make test-postgres")
    return found[-1].parent


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """The port of a running server with the roles `owner` and `analyst` and the database `bi`."""
    bin_ = programs()
    # The server refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="journeys-postgres-"))
    if user:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]

    def run(*command: str) -> None:
        done = subprocess.run(
            [*user, *command], cwd=folder, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr

    data = str(folder / "data")
    options = f"-p {number} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run(str(bin_ / "initdb"), "-D", data, "--auth-local=trust", "--auth-host=scram-sha-256")
    run(str(bin_ / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        psql = [str(bin_ / "psql"), "-h", str(folder), "-p", str(number), "-d", "postgres"]
        for statement in (
            f"create role owner login password '{PASSWORD}'",
            f"create role analyst login password '{PASSWORD}'",
            "create database bi owner owner",
        ):
            run(*psql, "-c", statement)
        yield number
    finally:
        run(str(bin_ / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)


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
