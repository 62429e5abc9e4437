"""Runs a command in a process of its own and says what it took."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a command and the processes it waited for took.

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
    started = time.monotonic()
    with open(output, "w") as file:
        process = subprocess.Popen(
            command, env=environment, stdout=file, stderr=subprocess.STDOUT, text=True
        )
        _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise StageFailed(f"{' '.join(command)}: {output.read_text()[-3000:]}")
    return Cost(
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        peak=used.ru_maxrss * 1024,
        read=used.ru_inblock * 512,
        written=used.ru_oublock * 512,
    )
