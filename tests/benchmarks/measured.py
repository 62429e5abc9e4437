"""Runs a command in a process of its own and says what it took."""

import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a command took, with all that it started, also what it left to end by itself.

    Seconds of the clock and of the processors, peak resident bytes of the largest process, and
    bytes read from and written to disks (what the page cache served counts as nothing).
    """

    wall: float
    cpu: float
    peak: int
    read: int
    written: int


class StageFailed(Exception):
    """A stage of the benchmark ended with an error; the message has the end of its output."""


ROOT = Path(__file__).parents[2]
SET_CHILD_SUBREAPER = 36


def stage_cost(stage: str, root: Path) -> Cost:
    """Run one stage of tests.benchmarks.stages on the state under `root`, and measure it."""
    return cost_of(
        [sys.executable, "-m", "tests.benchmarks.stages", stage, str(root)],
        root / f"{stage}.out",
        {**os.environ, "PYTHONPATH": str(ROOT)},
    )


def cost_of(command: Sequence[str], output: Path, environment: dict[str, str]) -> Cost:
    """Run `command`, its output into the file `output`, and measure it.

    Raises StageFailed where it ends with an error.
    """
    if sys.platform == "linux":
        # Who loses a parent becomes our child: nobody else waits for Spark's Java.
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    started = time.monotonic()
    with open(output, "w") as file:
        process = subprocess.Popen(
            command, env=environment, stdout=file, stderr=subprocess.STDOUT, text=True
        )
        _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    every = [used, *left()]
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise StageFailed(f"{' '.join(command)}: {output.read_text()[-3000:]}")
    return Cost(
        wall=wall,
        cpu=sum(used.ru_utime + used.ru_stime for used in every),
        peak=max(used.ru_maxrss for used in every) * 1024,
        read=sum(used.ru_inblock for used in every) * 512,
        written=sum(used.ru_oublock for used in every) * 512,
    )


def left() -> Iterator[resource.struct_rusage]:
    """What processes took that outlived their parents, once they have ended; a minute at most."""
    for _ in range(600):
        try:
            child, _, used = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child:
            yield used
        else:
            time.sleep(0.1)
