"""A cluster of three processes on the loopback address, one of whose workers is killed."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from serving.spark import build as spark
from tests.loopback import free_port
from tests.spark.compared import built, differences
from tests.spark.test_equal_tables import company, copy  # noqa: F401 - a fixture

# What an executor says of a task: that it begins, that it has ended.
WORDS = ("Running", "(?:Finished|Executor killed|Exception in)")
(SPARK_CLASS,) = spark.ENVIRONMENT.glob("lib/python*/site-packages/pyspark/bin/spark-class")


@dataclass
class Cluster:
    """A master and its two workers, each with the folder where it keeps what executors say."""

    address: str
    workers: list[subprocess.Popen] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of which nothing is left at the end."""
    port = free_port()
    started = Cluster(f"spark://127.0.0.1:{port}")
    with ExitStack() as stack:
        said = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port())]
        master = stack.enter_context(process(tmp_path, "master.Master", said))
        wait_for(port)
        for number in range(2):
            folder = tmp_path / f"work{number}"
            said = [
                *("--host", "127.0.0.1", "--cores", "1", "--memory", "2g"),
                *("--webui-port", str(free_port())),
                *("--work-dir", str(folder), started.address),
            ]
            started.workers.append(stack.enter_context(process(tmp_path, "worker.Worker", said)))
            started.folders.append(folder)
        yield started
        assert master.poll() is None
    left = named_by_processes([started.address, str(tmp_path)])
    assert left == [], "processes of the cluster are left"


def test_a_worker_killed_in_the_friction_layer_changes_nothing(
    company: Path,  # noqa: F811
    cluster: Cluster,
    tmp_path: Path,
) -> None:
    on_spark = copy(company, tmp_path / "spark")
    (tmp_path / "events").mkdir()
    settings = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": (tmp_path / "events").as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        # A small company: a task for each of the two processors is plenty.
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.wholeStage": "false",
    }
    killing = Killing(on_spark / "spark" / "main", cluster)
    killing.start()
    built(
        on_spark,
        TARGET="spark",
        SPARK_MASTER=cluster.address,
        SPARK_SETTINGS=json.dumps(settings),
    )
    killing.join(timeout=1)
    assert killing.executor is not None, "no worker was killed"
    assert cluster.workers[0].poll() == -signal.SIGKILL
    assert cluster.workers[1].poll() is None

    by_executor: dict[str, set[str]] = {}
    for ended in told(tmp_path / "events"):
        ran = by_executor.setdefault(ended["Task Info"]["Executor ID"], set())
        ran.add(ended["Task End Reason"]["Reason"])
    assert "driver" not in by_executor, "tasks ran in the driver, not on the cluster"
    assert len(by_executor) >= 2, "one executor did all the work"
    assert "ExecutorLostFailure" in by_executor[killing.executor], "no task was lost"

    on_duckdb = copy(company, tmp_path / "duckdb")
    built(on_duckdb)
    assert differences(on_duckdb, on_spark) == {}


class Killing(threading.Thread):
    """Kills the first worker and its executor while that has a task of the friction layer.

    The executor is halted before it is looked at for good, so that it cannot end its task between
    the look and the kill. `executor` is the id of the one that was killed.
    """

    def __init__(self, tables: Path, cluster: Cluster) -> None:
        super().__init__(daemon=True)
        self.tables, self.cluster = tables, cluster
        self.executor: str | None = None

    def run(self) -> None:
        while not (self.tables / "int_signal_context.json").exists():
            time.sleep(0.05)
        while not (self.tables / "int_ledger_lines.json").exists():
            for said in self.cluster.folders[0].glob("app-*/*/stderr"):
                if is_at_work(said) and self.is_killed_at_work(said):
                    self.executor = said.parent.name
                    return
            time.sleep(0.005)

    def is_killed_at_work(self, said: Path) -> bool:
        """Halt the executor; kill it and its worker if it still has a task, else let it go on."""
        found = re.search(r"process name: (\d+)@", said.read_text())
        assert found is not None
        os.kill(int(found[1]), signal.SIGSTOP)
        time.sleep(0.3)  # its worker writes down what it had still to say
        if is_at_work(said):
            os.killpg(self.cluster.workers[0].pid, signal.SIGKILL)
            return True
        os.kill(int(found[1]), signal.SIGCONT)
        return False


def is_at_work(said: Path) -> bool:
    """Whether an executor has begun a task that it has not ended, by what it says."""
    text = said.read_text(errors="replace")
    begun, ended = (set(re.findall(rf"Executor: {word} task .*?(TID \d+)", text)) for word in WORDS)
    return bool(begun - ended)


@pytest.mark.parametrize(
    ("master", "here"),
    [
        ("local[2]", True),
        ("spark://127.0.0.1:7077", True),
        ("spark://localhost:7077", True),
        ("spark://10.0.0.5:7077", False),
        ("spark://one.example:7077,two.example:7077", False),
    ],
)
def test_the_driver_keeps_to_the_loopback_address_where_its_workers_do(
    master: str, here: bool
) -> None:
    assert spark.is_here(master) is here


def told(folder: Path) -> list[dict[str, Any]]:
    """How each task of the run ended, as its driver tells it."""
    return [
        json.loads(line)
        for file in folder.iterdir()
        if not file.name.startswith(".")
        for line in file.read_text().splitlines()
        if '"SparkListenerTaskEnd"' in line
    ]


def named_by_processes(words: Sequence[str]) -> list[str]:
    """The commands that name one of these words and run; what is just ending has ten seconds."""
    for _ in range(100):
        found = [
            command
            for process in psutil.process_iter(["pid", "cmdline"])
            if process.pid != os.getpid()
            and any(word in (command := " ".join(process.info["cmdline"] or [])) for word in words)
        ]
        if not found:
            break
        time.sleep(0.1)
    return found


@contextmanager
def process(folder: Path, name: str, arguments: list[str]) -> Iterator[subprocess.Popen]:
    """A process of Spark's and all that it starts, ended at the end."""
    with open(folder / f"{name}.{time.monotonic_ns()}.out", "w") as output:
        started = subprocess.Popen(
            [str(SPARK_CLASS), f"org.apache.spark.deploy.{name}", *arguments],
            env={
                **os.environ,
                "JAVA_HOME": str(spark.java_home()),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "SPARK_NO_DAEMONIZE": "1",
                "TZ": "UTC",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield started
    finally:
        try:
            os.killpg(started.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it was killed before
        started.wait()


def wait_for(port: int) -> None:
    """Until somebody listens on a port; a minute at most."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nobody listens on {port}")
