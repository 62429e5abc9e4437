"""A standalone cluster of three processes on the loopback address; one worker is killed."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from serving.spark import build as spark
from tests.loopback import free_port
from tests.spark.compared import built, differences
from tests.spark.test_equal_tables import company, copy  # noqa: F401 - a fixture

(SPARK_CLASS,) = spark.ENVIRONMENT.glob("lib/python*/site-packages/pyspark/bin/spark-class")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """The address of a master, and its two workers."""
    port = free_port()
    address = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack:
        said = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(free_port())]
        stack.enter_context(process(tmp_path, "master.Master", said))
        wait_for(port)
        workers = [
            stack.enter_context(
                process(
                    tmp_path,
                    "worker.Worker",
                    [
                        *("--host", "127.0.0.1", "--cores", "1", "--memory", "2g"),
                        *("--webui-port", str(free_port())),
                        *("--work-dir", str(tmp_path / f"work{number}"), address),
                    ],
                )
            )
            for number in range(2)
        ]
        yield address, workers


def test_a_worker_killed_in_the_friction_layer_changes_nothing(
    company: Path,  # noqa: F811
    cluster: tuple[str, list[subprocess.Popen]],
    tmp_path: Path,
) -> None:
    address, workers = cluster
    on_spark = copy(company, tmp_path / "spark")
    killed = threading.Event()

    def kill_when_friction_is_at_work() -> None:
        tables = on_spark / "spark" / "main"
        while not list(tables.glob("int_signal_context.json")):
            time.sleep(0.2)
        os.killpg(workers[0].pid, signal.SIGKILL)
        killed.set()

    threading.Thread(target=kill_when_friction_is_at_work, daemon=True).start()
    built(on_spark, TARGET="spark", SPARK_MASTER=address)
    assert killed.is_set()
    assert workers[1].poll() is None
    on_duckdb = copy(company, tmp_path / "duckdb")
    built(on_duckdb)
    assert differences(on_duckdb, on_spark) == {}


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
