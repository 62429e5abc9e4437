"""`make bench`: what each stage takes, beside what DuckDB needs to copy the same rows once, sorted.

    make bench                        the whole road at 1 million interactions
    make bench SIZE=10                ... at 10 million
    make bench SIZE=10 ONLY=friction  the friction layer alone, its input laid from the export
    make bench ONLY=gate              the door into the log: a million web events of Segment
    make bench SIZE=0.1 ONLY=spark    all models on DuckDB, and on Spark on this machine

The clock of a shared machine says little, so every ratio is taken within one run, once by the
clock and once by the processors' time. Results are kept in results.json, one entry a size and
extent, and told in results.md and results.svg.
"""

import argparse
import json
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import picture, signal_log, table
from tests.benchmarks.measured import Cost, cost_of
from tests.sample_company import clickstream

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("results.json")
CUSTOMERS_PER_MILLION = 50_000
# dlt has an environment and a lock of its own.
DLT, LOAD = ROOT / ".venv-dlt", Path(__file__).parent / "dlt" / "load.py"
EMPTY = ("prepare", "before friction", "lay steps", "dbt start")
FRICTION = ("sorted copy", "friction", "ledgers", "sorted copy")
GATE = ("gate and append Segment", "dlt")
ON_SPARK = " on Spark"
SPARK = (
    *("gate and append", "dbt start", "models", f"dbt start{ON_SPARK}", f"models{ON_SPARK}"),
    "same ledger",
)
# A general loader takes a millisecond and more an event: a part of them tells its rate.
ROWS_OF_DLT = 100_000
# Row by row a million takes minutes: beyond that the larger sizes would be all pandas.
ROWS_OF_PANDAS = 1_000_000
ROAD = (
    *("gate and append", "limit", "prepare", "dbt start", "staging", "identity", "journeys"),
    *FRICTION,
    *("marts", "data tests", "audit", "publish", "report", "pandas"),
)
EXTENTS = {"friction": (*EMPTY, *FRICTION), "gate": GATE, "spark": SPARK}


def main() -> None:
    """Measure, and write the results."""
    options = argparse.ArgumentParser(prog="make bench")
    options.add_argument("--size", type=float, default=1, help="millions of interactions")
    options.add_argument("--only", choices=["", *EXTENTS], default="", help="measure this alone")
    options.add_argument("--keep", action="store_true", help="keep the state of the run")
    given = options.parse_args()
    rows = int(given.size * 1_000_000)
    customers = int(given.size * CUSTOMERS_PER_MILLION)
    root = ROOT / "var" / f"bench-{given.size:g}{given.only}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    load = os.getloadavg()[0]
    print(f"making {rows:,} rows ...", flush=True)
    if given.only == "gate":
        end = datetime(2026, 1, 1, tzinfo=UTC)
        clickstream.write(root / "landing", rows, seed=7, months=6, end=end)
    else:
        signal_log.write(root / "landing" / signal_log.SOURCE, rows, customers)
    stages = EXTENTS.get(given.only, ROAD)
    if rows > ROWS_OF_PANDAS:
        stages = tuple(stage for stage in stages if stage != "pandas")
    steps = [measured(stage, number, root, rows) for number, stage in enumerate(stages)]
    if not given.keep:
        shutil.rmtree(root)
    entry = {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "machine": machine(),
        "load_before_and_after": [load, os.getloadavg()[0]],
        "interactions": rows,
        "customers": rows // clickstream.EVENTS_A_CUSTOMER if given.only == "gate" else customers,
        "only": given.only,
        "steps": steps,
    }
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    kept = [one for one in known if (one["interactions"], one["only"]) != (rows, given.only)]
    entries = sorted([*kept, entry], key=lambda one: (one["only"], one["interactions"]))
    RESULTS.write_text(json.dumps(entries, indent=1) + "\n")
    text = table.text(entries)
    RESULTS.with_suffix(".md").write_text(text)
    RESULTS.with_suffix(".svg").write_text(picture.svg(entries))
    print(text)


def measured(stage: str, number: int, root: Path, rows: int) -> dict[str, object]:
    """The cost of one stage; of dbt's, also the time from the first model to the last."""
    command = [sys.executable, "-m", "tests.benchmarks.stages"]
    command += [stage.removesuffix(ON_SPARK), str(root)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if stage.endswith(ON_SPARK):
        environment["JOURNEYS_TARGET"] = "spark"
    if stage == "dlt":
        rows = min(rows, ROWS_OF_DLT)
        export = str(root / "landing" / "segment")
        database = str(root / "dlt.duckdb")
        command = [str(DLT / "bin" / "python"), str(LOAD), export, str(rows), database]
    cost = cost_of(command, root / f"{number:02}.out", environment)
    print(f"{stage:24} {cost.wall:8.1f} s, {cost.cpu:8.1f} s of processors", flush=True)
    return {"stage": stage, "rows": rows, **asdict(cost), **models(root, cost)}


def models(root: Path, cost: Cost) -> Mapping[str, object]:
    """What dbt says of its models, where the stage was dbt's."""
    path = root / "dbt" / "target" / "run_results.json"
    if not path.exists():
        return {}
    found = json.loads(path.read_text())["results"]
    path.unlink()
    times = [
        datetime.fromisoformat(timing[moment])
        for result in found
        for timing in result["timing"]
        for moment in ("started_at", "completed_at")
        if timing["name"] == "execute" and timing[moment]
    ]
    slowest = sorted(found, key=lambda result: -result["execution_time"])[:15]
    return {
        "models_wall": (max(times) - min(times)).total_seconds() if times else 0.0,
        "slowest": {
            result["unique_id"].split(".")[2]: round(result["execution_time"], 2)
            for result in slowest
        },
    }


def machine() -> str:
    """Processors and memory, in words."""
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores of {name}, {memory:.0f} GiB, {platform.system()}"


if __name__ == "__main__":
    main()
