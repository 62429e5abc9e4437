"""Starts and stops a standing Airflow on this machine: four processes, on the loopback address."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from dags.local.home import environment, home
from dags.local.run import prepare
from ingestion.errors import IngestionError
from ingestion.settings import Settings
from ingestion.store import at
from serving.errors import ServingError

# `airflow standalone` would bind its log ports on all interfaces, and orphan its children.
PROCESSES: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
SECONDS_TO_START = 180
SECONDS_TO_STOP = 30


class NotStarted(ServingError):
    """Airflow did not come up; says which process and where it wrote why."""


def main() -> int:
    """`up` or `down`, as asked on the command line."""
    parser = argparse.ArgumentParser(prog="make up / make down", description=__doc__)
    parser.add_argument("action", choices=("up", "down"))
    parser.add_argument("--name", default="sample")
    parser.add_argument("--sources", default="")
    parser.add_argument("--port", type=int, default=8080)
    asked = parser.parse_args()
    try:
        if asked.action == "up":
            up(prepare(asked.name, asked.sources), asked.port)
        else:
            down(Settings.read(asked.name))
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def up(settings: Settings, port: int) -> None:
    """Start what is not running, wait until all is healthy, and say where to look."""
    folder = home(settings, "up")
    if running(folder):
        raise NotStarted(f"Airflow of {settings.name} is running already: make down first")
    if not is_free(port):
        raise NotStarted(f"port {port} of 127.0.0.1 is taken: make up PORT=<another>")
    # Where this was started in the background, an ignored SIGINT would be inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    variables = {**os.environ, **environment(settings, "up", port)}
    prepare_database_elsewhere(folder, variables)
    try:
        for name, command in PROCESSES.items():
            start(folder, name, command, variables)
            if name == "api-server":
                # Tasks report to it: one that starts before it listens fails.
                wait_until(lambda: "api-server" not in unwell_parts(port), folder)
        wait_until(lambda: not unwell_parts(port), folder)
    except NotStarted:
        down(settings)
        raise
    print(
        f"Airflow is up: http://127.0.0.1:{port}  user admin, password {password(folder)}\n"
        f"(kept in {folder / 'passwords.json'})\n"
        f"Drop files into {settings.landing}/<source>/ ; releases appear in "
        f"{at(settings.published).address('current')}\n"
        f"Stop it with: make down NAME={settings.name}"
    )


def down(settings: Settings) -> None:
    """Stop the processes of this state, in order, and only those."""
    folder = home(settings, "up")
    found = running(folder)
    for name, pid in found.items():
        stop(name, pid)
    for path in (folder / "pids").glob("*.json"):
        path.unlink()
    print(f"stopped {', '.join(found)}" if found else f"nothing of {settings.name} is running")


def prepare_database_elsewhere(folder: Path, variables: Mapping[str, str]) -> None:
    """Make Airflow's database in a process of its own, whose settings are the standing ones."""
    code = "from pathlib import Path; from dags.local.home import prepare_database; "
    with open(log_path(folder, "database"), "w") as log:
        done = subprocess.run(
            [sys.executable, "-c", code + f"prepare_database(Path({str(folder)!r}))"],
            env=dict(variables),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise NotStarted(f"Airflow's database could not be made: {log_path(folder, 'database')}")


def start(folder: Path, name: str, command: tuple[str, ...], variables: Mapping[str, str]) -> None:
    """Start one process in a session of its own and keep its id with the time it began."""
    with open(log_path(folder, name), "a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "airflow", *command],
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    pids = folder / "pids"
    pids.mkdir(exist_ok=True)
    kept = {"pid": process.pid, "began": began(process.pid)}
    (pids / f"{name}.json").write_text(json.dumps(kept))


def running(folder: Path) -> dict[str, int]:
    """The ids of our processes that still run. An id that another process got since is not ours."""
    found = {}
    for path in sorted((folder / "pids").glob("*.json")):
        kept = json.loads(path.read_text())
        if began(kept["pid"]) == kept["began"]:
            found[path.stem] = kept["pid"]
    return found


def began(pid: int) -> str | None:
    """When the process began, in the kernel's ticks; None when there is none, or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else fields[19]


def stop(name: str, pid: int) -> None:
    """Ask the process to end as from a keyboard, and see that its whole session is gone."""
    first = began(pid)
    for asked in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            # SIGINT goes to the process alone: it winds its children up. The rest is for them too.
            os.kill(pid, asked) if asked is signal.SIGINT else os.killpg(pid, asked)
        except ProcessLookupError:
            return
        until = time.monotonic() + SECONDS_TO_STOP
        while time.monotonic() < until:
            if began(pid) != first:
                return
            time.sleep(0.2)
    raise NotStarted(f"{name} (process {pid}) does not stop")


def wait_until(well: Callable[[], bool], folder: Path) -> None:
    """Wait until all that was started is well. Raises NotStarted when one ends, or takes long."""
    until = time.monotonic() + SECONDS_TO_START
    started = {path.stem for path in (folder / "pids").glob("*.json")}
    while time.monotonic() < until:
        for name in sorted(started - set(running(folder))):
            raise NotStarted(f"{name} ended at once: see {log_path(folder, name)}")
        if well():
            return
        time.sleep(0.5)
    raise NotStarted(f"not healthy after {SECONDS_TO_START} s: see the logs in {folder}")


def unwell_parts(port: int) -> list[str]:
    """The parts that the web server's health page does not call healthy."""
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5
        ) as page:
            parts = json.load(page)
    except (urllib.error.URLError, OSError):
        return ["api-server"]
    return [
        name
        for name in ("metadatabase", "scheduler", "dag_processor", "triggerer")
        if (parts.get(name) or {}).get("status") != "healthy"
    ]


def is_free(port: int) -> bool:
    """Whether nobody listens on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def password(folder: Path) -> str:
    """The password that Airflow made up for its one user."""
    path = folder / "passwords.json"
    path.chmod(0o600)
    return str(json.loads(path.read_text())["admin"])


def log_path(folder: Path, name: str) -> Path:
    """Where a process writes."""
    return folder / f"{name}.log"


if __name__ == "__main__":
    sys.exit(main())
