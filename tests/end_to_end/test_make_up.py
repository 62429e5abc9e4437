"""`make up`: a file dropped into landing ends up in a new release with no other command."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import duckdb
import pytest

from ingestion.event_log import EventLog
from tests.end_to_end.conftest import Make
from tests.loopback import free_port

DROPPED = "00000000-0000-4000-8000-000000000001"
SECONDS_TO_RELEASE = 600  # about a minute on an idle machine; tests share theirs


def listeners(pids: set[int]) -> list[str]:
    """The addresses on which the processes listen, as `ss` tells them."""
    told = subprocess.run(["ss", "-ltnpH"], capture_output=True, text=True).stdout
    return [
        line.split()[3] for line in told.splitlines() if any(f"pid={pid}," in line for pid in pids)
    ]


def test_a_dropped_file_ends_up_in_a_release(
    first_run: subprocess.CompletedProcess[str], make: Make, root: Path
):
    port = free_port()
    up = make("up", PORT=str(port))
    try:
        assert up.returncode == 0, up.stdout + up.stderr
        assert f"http://127.0.0.1:{port}" in up.stdout and "password" in up.stdout
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health") as page:
            parts = json.load(page)
        assert {parts[part]["status"] for part in ("scheduler", "triggerer")} == {"healthy"}

        events = calls(root)
        land_a_call(root)
        wait_for(lambda: calls(root) == events + 1)
        # another release may come first: what counts is one that holds the call
        wait_for(lambda: holds_the_call(root))
        wait_for(lambda: (root / "published" / "current" / "report.html").exists())

        if shutil.which("ss"):
            pids = {
                json.loads(path.read_text())["pid"]
                for path in (root / "airflow" / "up" / "pids").glob("*.json")
            }
            assert pids
            assert [a for a in listeners(pids) if not a.startswith("127.0.0.1:")] == []
    finally:
        down = make("down")
    assert down.returncode == 0, down.stderr
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=2).close()


def calls(root: Path) -> int:
    """How many calls the log holds."""
    return sum(header.events for header in EventLog(root / "log").headers("connect"))


def holds_the_call(root: Path) -> bool:
    """True when the current release has the call that was dropped."""
    tables = (root / "published" / "current").resolve() / "fct_interactions.parquet"
    with duckdb.connect() as connection:  # the one of the module keeps an unfinished result
        found = connection.execute(
            "select count(*) from read_parquet(?) where source = 'connect' and source_key = ?",
            [str(tables), DROPPED],
        ).fetchone()
    return found is not None and found[0] > 0


def land_a_call(root: Path) -> None:
    """Land one more call: the last exported one, under a new id."""
    export = sorted((root / "landing" / "connect").glob("*.ndjson"))[0]
    call = json.loads(export.read_text().splitlines()[0])
    call["ContactId"] = DROPPED
    call["InitialContactId"] = call["ContactId"]
    (root / "landing" / "connect" / "dropped.ndjson").write_text(json.dumps(call) + "\n")


def wait_for(happened) -> None:
    until = time.monotonic() + SECONDS_TO_RELEASE
    while not happened():
        assert time.monotonic() < until, f"nothing after {SECONDS_TO_RELEASE} s"
        time.sleep(1)
