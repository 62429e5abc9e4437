"""`make bench-incremental`: what a day's news costs, beside a full build, and as the history grows.

Two histories, SIZE millions of interactions and four times that, are recorded and built. Then the
same day is recorded on top of each (a thousandth of SIZE) and built, as a slice. A third state with
next to no history tells what a build costs that has nothing to do: dbt's start and its nodes.
Ratios are taken within one run; those of processor time are the ones to trust on a shared machine.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import signal_log
from tests.benchmarks.__main__ import CUSTOMERS_PER_MILLION, ROOT, machine
from tests.benchmarks.measured import Cost, stage_cost

LIMIT_OF_FULL, LIMIT_OF_GROWTH, LIMIT_OF_MEMORY = 0.05, 1.3, 8 * 1024**3
NEXT_TO_NOTHING = 280


@dataclass(frozen=True)
class Built:
    """What one build took: `models` and `tests` are seconds of the clock by name, two at a time."""

    cost: Cost
    scope: str
    models: Mapping[str, float]
    tests: float


def main() -> int:
    """Measure, print, and say by the exit code whether the limits hold."""
    asked = argparse.ArgumentParser(prog="make bench-incremental")
    asked.add_argument("--size", type=float, default=1, help="millions of interactions")
    asked.add_argument("--only", type=float, help="this many times the size alone: 1 or 4")
    asked.add_argument("--keep", action="store_true", help="keep the states of the run")
    given = asked.parse_args()
    rows = int(given.size * 1_000_000)
    day = max(rows // 1000, 1)
    sizes = [NEXT_TO_NOTHING] + [rows * times for times in (1, 4) if given.only in (None, times)]
    builds = {size: measured(size, min(day, size // 10), given.keep) for size in sizes}
    print(f"\n{machine()}; a day of {day:,} interactions")
    return told(builds)


def measured(rows: int, day: int, keep: bool) -> tuple[Built, Built]:
    """A full build of so many interactions, then a slice for a day more."""
    root = ROOT / "var" / f"bench-incremental-{rows}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    landing = root / "landing" / signal_log.SOURCE
    customers = max(rows * CUSTOMERS_PER_MILLION // 1_000_000, 1)
    signal_log.write(landing, rows, customers)
    stage_cost("gate and append", root)
    full = built(root)
    signal_log.write_day(landing, day, rows, customers)
    stage_cost("append day", root)
    part = built(root)
    for name, build in (("full", full), ("slice", part)):
        said = build.cost
        print(
            f"{rows:>12,} interactions, {name:5} {said.wall:8.1f} s, {said.cpu:8.1f} s of "
            f"processors, {said.peak / 2**30:5.2f} GiB; models {sum(build.models.values()):8.1f} "
            f"s, tests {build.tests:6.1f} s",
            flush=True,
        )
        if build.scope != name:
            raise RuntimeError(f"a build of the scope {build.scope}, where {name} was due")
    if not keep:
        shutil.rmtree(root)
    return full, part


def built(root: Path) -> Built:
    """The cost of bringing the warehouse up to the log."""
    cost = stage_cost("build", root)
    scope = json.loads((root / "build.json").read_text())["scope"]
    results = root / "dbt" / ("target" if scope == "full" else scope) / "run_results.json"
    said = json.loads(results.read_text())["results"]
    times = {one["unique_id"]: float(one["execution_time"]) for one in said}
    return Built(
        cost=cost,
        scope=scope,
        models={name.split(".")[2]: time for name, time in times.items() if "model." in name},
        tests=sum(time for name, time in times.items() if name.startswith("test.")),
    )


def told(builds: Mapping[int, Sequence[Built]]) -> int:
    """Print the ratios and the dearest models; 1 where a limit does not hold."""
    _, nothing = builds[NEXT_TO_NOTHING]
    sizes = [size for size in builds if size != NEXT_TO_NOTHING]
    failed = False
    for size in sizes:
        full, part = builds[size]
        ratio = (part.cost.cpu - nothing.cost.cpu) / (full.cost.cpu - nothing.cost.cpu)
        clock = (part.cost.wall - nothing.cost.wall) / (full.cost.wall - nothing.cost.wall)
        peak = max(full.cost.peak, part.cost.peak)
        failed |= ratio > LIMIT_OF_FULL or peak > LIMIT_OF_MEMORY
        print(
            f"{size:,}: a day costs {ratio:.1%} of the full build by the processors, {clock:.1%} "
            "by the clock, beyond what a build of next to nothing takes; "
            f"peak {peak / 2**30:.2f} GiB"
        )
        dearest = sorted(part.models, key=lambda name: -part.models[name])[:30]
        print(f"    {'seconds of the clock':32} {'full':>8} {'slice':>8} {'nothing':>8}")
        for name in dearest:
            print(
                f"    {name:32} {full.models.get(name, 0):8.2f} {part.models[name]:8.2f} "
                f"{nothing.models.get(name, 0):8.2f}"
            )
        print(f"    {'all tests':32} {full.tests:8.2f} {part.tests:8.2f} {nothing.tests:8.2f}")
    if len(sizes) == 2:
        one, four = (builds[size][1].cost for size in sizes)
        growth = four.cpu / one.cpu
        failed |= growth > LIMIT_OF_GROWTH
        print(
            f"over four times the history the same day costs {growth:.2f} times by the processors, "
            f"{four.wall / one.wall:.2f} by the clock"
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
