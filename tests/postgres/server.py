"""A PostgreSQL server of the tests' own, on the loopback address, in a folder that goes with it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.loopback import free_port


def programs() -> Path:
    """The newest server's programs. Fails where none is installed: nothing was tested then."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and (elsewhere := shutil.which("initdb")):
        found = [Path(elsewhere)]
    if not found:
        pytest.fail("no PostgreSQL server is installed, so nothing was tested: make test-postgres")
    return found[-1].parent


@contextmanager
def running(statements: Sequence[str]) -> Iterator[int]:
    """Start a server, run `statements` (roles, databases) in it, yield its port, and end it."""
    bin_ = programs()
    # The server refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="journeys-postgres-"))
    if user:
        shutil.chown(folder, "postgres")
    number = free_port()

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
        for statement in statements:
            run(*psql, "-c", statement)
        yield number
    finally:
        run(str(bin_ / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
