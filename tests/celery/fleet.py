"""Airflow on several machines, as far as one can be several: a broker, a database and a store on
the loopback address, Airflow's processes, and Celery workers that share nothing but these."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from dags.local import processes
from dags.local.home import environment
from ingestion.settings import Settings
from tests.loopback import free_port
from tests.postgres import server as postgres

DATABASE_PASSWORD = "a-password-of-the-tests"
# How long a task may be silent before Airflow takes its worker for dead.
SECONDS_OF_SILENCE = 30


@dataclass(frozen=True)
class Fleet:
    """A running Airflow with no worker yet; `settings` are those of its head, `folder` its home."""

    folder: Path
    settings: Settings
    variables: Mapping[str, str]

    def worker(self, name: str, queues: str) -> "Worker":
        """Start a worker on a machine of its own: an empty folder, and what all share."""
        root = self.folder / name
        root.mkdir()
        command = ("celery", "worker", "--queues", queues, "--concurrency", "2")
        processes.start(
            self.folder,
            name,
            (*command, "--celery-hostname", f"{name}@%h", "--skip-serve-logs"),
            {**self.variables, "JOURNEYS_ROOT": str(root), "TMPDIR": str(root)},
        )
        return Worker(root, processes.running(self.folder)[name])


@dataclass(frozen=True)
class Worker:
    """A worker, by the folder that is its machine, and its process."""

    root: Path
    pid: int

    def is_at_work(self) -> bool:
        """Whether a task runs in it: one of its pool's processes has a child."""
        try:
            pool = psutil.Process(self.pid).children()
            return any(process.children() for process in pool)
        except psutil.NoSuchProcess:
            return False

    def is_building(self) -> bool:
        """Whether dbt runs in it and is in the midst of the models."""
        said = self.root / "dbt" / "dbt.out"
        return (
            any(process.name() == "dbt" for process in psutil.Process(self.pid).children(True))
            and said.exists()
            and " of " in said.read_text()
        )

    def die(self) -> None:
        """As a machine whose plug is pulled: every process at once, with no last word."""
        parent = psutil.Process(self.pid)
        every = [parent, *parent.children(True)]
        for process in every:
            process.send_signal(signal.SIGSTOP)
        for process in {*every, *parent.children(True)}:
            process.kill()
        psutil.wait_procs(every, timeout=30)
        shutil.rmtree(self.root)


@contextmanager
def running(folder: Path, settings: Settings) -> Iterator[Fleet]:
    """Start all but the workers, wait until all is well, and end everything that was started."""
    statements = (
        f"create role airflow login password '{DATABASE_PASSWORD}'",
        "create database airflow owner airflow",
    )
    with postgres.running(statements) as database, redis(folder) as broker:
        web = free_port()
        url = f"postgresql+psycopg2://airflow:{DATABASE_PASSWORD}@127.0.0.1:{database}/airflow"
        variables = {
            **os.environ,
            **environment(settings, "up", web),
            "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{url}",
            "AIRFLOW__CELERY__BROKER_URL": f"redis://127.0.0.1:{broker}/0",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(SECONDS_OF_SILENCE),
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            # What a dead worker had taken from the queue and not begun.
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": str(2 * SECONDS_OF_SILENCE),
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
            # Sixteen processes on two cores: slow is not dead.
            "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",
        }
        home = folder / "head"
        home.mkdir()
        processes.prepare_database_elsewhere(home, variables)
        try:
            for name, command in processes.PROCESSES.items():
                processes.start(home, name, command, variables)
                if name == "api-server":
                    processes.wait_until(
                        lambda: "api-server" not in processes.unwell_parts(web), home
                    )
            processes.wait_until(lambda: not processes.unwell_parts(web), home)
            yield Fleet(home, settings, variables)
        finally:
            for name, pid in processes.running(home).items():
                processes.stop(name, pid)


@contextmanager
def redis(folder: Path) -> Iterator[int]:
    """A broker on the loopback address, which keeps nothing."""
    program = shutil.which("redis-server")
    if not program:
        pytest.fail("no Redis server is installed, so nothing was tested: make test-celery")
    port = free_port()
    options = ("--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder))
    with open(folder / "redis.log", "w") as log:
        process = subprocess.Popen([program, *options], stdout=log, stderr=subprocess.STDOUT)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()
