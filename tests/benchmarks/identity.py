"""`make bench-identity`: identity from nothing beside one aggregation over the same edges; a day.

An edge is an event and an identifier on it. The aggregation is the count and the first recording of
each identifier, over the same table of the same warehouse, before and after. Both are given by the
clock and by the processors' time: on a shared machine trust the latter. Then a thousandth more
events are recorded, and identity is brought up to them by a slice; what that takes beyond a slice
without news is the day.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from serving.increment import AFFECTED, drop_slices
from serving.warehouse import PROJECT
from tests.warehouse.built_warehouse import write_blocked

ROOT = Path(__file__).parents[2]
LIMIT = 3.0
MEMORY = 8 * 1024**3
# Of 100 people: two share a tablet, one a phone with a stranger; one in a thousand records has the
# same bad default. Identifiers a person: mail, phone, two devices, and for some a login.
LOG = """
    copy (
        select
            sha256(cast(i as varchar)) as event_id, 'segment' as source, 'track' as record_type,
            cast(i as varchar) as record_key, cast(null as varchar) as record_version,
            cast(0 as bigint) as version_rank,
            timestamp '2025-01-01' + to_seconds(i * 3) as occurred_at,
            timestamp '2025-01-01' + to_seconds((i // 20000 + 1) * 60000) as recorded_at,
            '{batch}' as batch_id, 1 as schema_version, [named.one, named.other] as identifiers,
            cast([] as varchar[]) as flags, '{{}}' as payload
        from (
            select
                i,
                p,
                {{'type': 'email', 'hash': md5(concat('e', p)), 'problem': null::varchar}} as mail,
                case hash(i) % 4
                    when 0 then {{'type': 'phone', 'hash': md5(case
                        when hash(i) % 1000 = 0 then 'none'
                        else concat('p', case when p % 100 = 7 then p - 1 else p end)
                    end), 'problem': cast(null as varchar)}}
                    when 1 then {{'type': 'user_id', 'hash': md5(concat('u', p)), 'problem': null}}
                    else {{'type': 'cookie', 'hash': md5(case
                        when p % 50 < 2 and hash(i) % 8 = 2 then concat('tablet', p // 50)
                        else concat('c', p, '-', hash(i) % 4)
                    end), 'problem': cast(null as varchar)}}
                end as other
            from (
                select i, hash(i * 7 + 1) % {people} as p from range({first}, {beyond}) as r (i)
            ) as drawn
        ) as drawn
        cross join lateral (select drawn.mail as one, drawn.other as other) as named
    ) to '{path}' (format parquet, compression zstd, row_group_size 122880)
"""
SLICED = [
    *("stg_run", "stg_repeated_events", "stg_identifiers", "stg_event_keys", "stg_events"),
    *("stg_affected_events", "stg_affected_customers", "path:models/2_identity"),
]
AGGREGATION = """
    create temporary table aggregated as
    select identifier_hash, min(recorded_at) as first_recorded_at, count(*) as edge_count
    from stg_identifiers
    group by identifier_hash
"""


def main() -> int:
    """Measure, print, and say by the exit code whether the limits hold."""
    asked = argparse.ArgumentParser(prog="make bench-identity")
    asked.add_argument("--identifiers", type=int, default=5_000_000)
    identifiers = asked.parse_args().identifiers
    root = ROOT / "var" / "bench-identity"
    shutil.rmtree(root, ignore_errors=True)
    (root / "log" / "source=segment").mkdir(parents=True)
    events = int(identifiers * 1.6)
    write_log(root, "bench", identifiers, 0, events)
    write_blocked(root / "blocked.parquet", [("user_id", "anonymous")])
    dbt(
        root,
        "build",
        "--exclude-resource-type",
        "test",
        "--exclude-resource-type",
        "unit_test",
        "--select",
        "+path:models/2_identity",
        "--exclude",
        "path:models/2_identity",
    )
    before = aggregation(root)
    started = dbt(root, "run", "--select", "stg_run")
    taken = dbt(root, "run", "--select", "path:models/2_identity", "stg_affected_customers")
    clock, models = model_times(root)
    after = aggregation(root)
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as connection:
        counts = connection.execute(
            """
            select
                (select count(*) from int_identifiers),
                (select count(*) from stg_identifiers),
                (select count(distinct customer_id) from int_identifier_customers),
                (select count(*) from int_contested_identifiers)
            """
        ).fetchone()
    reference = [(one + other) / 2 for one, other in zip(before[:2], after[:2], strict=True)]
    processors = taken[1] - started[1]
    print(
        "{:,} identifiers on {:,} edges: {:,} customers, {:,} contested identifiers".format(*counts)
    )
    print(f"one aggregation     {reference[0]:7.1f} s, {reference[1]:7.1f} s of processors")
    print(f"identity            {clock:7.1f} s, {processors:7.1f} s of processors")
    print(f"ratio               {clock / reference[0]:7.1f}  , {processors / reference[1]:7.1f}")
    print(f"peak memory         {taken[2] / 1024**3:7.1f} GiB")
    for name, seconds in models[:12]:
        print(f"    {name:30} {seconds:7.1f} s")
    sliced(root, [])  # dbt parses the project anew for its first slice
    nothing, _ = sliced(root, [])
    write_log(root, "day", identifiers, events, events + events // 1000)
    day, models = sliced(root, ["day"])
    beyond = day - nothing
    print(
        f"a day of {events // 1000:,} events more: {beyond:.1f} s of processors beyond a slice "
        f"without news ({nothing:.1f} s), {beyond / processors:.1%} of identity from nothing"
    )
    for name, seconds in models[:8]:
        print(f"    {name:30} {seconds:7.1f} s")
    shutil.rmtree(root)
    return int(processors / reference[1] > LIMIT or taken[2] > MEMORY)


def write_log(root: Path, batch: str, identifiers: int, first: int, beyond: int) -> None:
    """A batch of the events of these numbers: two identifiers each, some 4.4 a person in all."""
    with duckdb.connect() as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(
            LOG.format(
                path=root / "log" / "source=segment" / f"{batch}.parquet",
                batch=batch,
                people=int(identifiers / 4.45),
                first=first,
                beyond=beyond,
            )
        )


def sliced(root: Path, batches: Sequence[str]) -> tuple[float, list[tuple[str, float]]]:
    """Seconds of processors of a slice of these new batches, and each model's of the clock."""
    with duckdb.connect(str(root / "warehouse.duckdb")) as connection:
        connection.execute(
            "create or replace table slice_batches as select unnest(?::varchar[]) as batch_id",
            [batches],
        )
        connection.execute(
            "create or replace table slice_since as select as_of, known_at from stg_run"
        )
        # Whose journeys are affected is no part of this.
        connection.execute(
            "create table if not exists int_event_owners "
            "(event_number ubigint, key_number ubigint, customer_id varchar)"
        )
        connection.execute(
            "create table if not exists int_open_clocks (customer_id varchar, changes_at timestamp)"
        )
        for table in AFFECTED:
            connection.execute(f"truncate {table}")
        drop_slices(connection)
    taken = dbt(root, "run", "--vars", json.dumps({"scope": "slice"}), "--select", *SLICED)
    return taken[1], model_times(root)[1]


def aggregation(root: Path) -> tuple[float, float, int]:
    """(seconds, seconds of processors, peak bytes) of the aggregation, in a process of its own."""
    code = (
        "import duckdb, sys, time; "
        "c = duckdb.connect(sys.argv[1], read_only=True); "
        "c.execute('set threads = 2'); c.execute('set preserve_insertion_order = false'); "
        "c.execute(sys.argv[2])"
    )
    return cost([sys.executable, "-c", code, str(root / "warehouse.duckdb"), AGGREGATION], root)


def dbt(root: Path, *arguments: str) -> tuple[float, float, int]:
    """(seconds, seconds of processors, peak bytes) of one dbt command on the state of the bench."""
    command = [str(Path(sys.executable).with_name("dbt")), *arguments]
    return cost([*command, "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)], root)


def cost(command: Sequence[str], root: Path) -> tuple[float, float, int]:
    """(seconds, seconds of processors, peak bytes) of a command."""
    environment = os.environ | {
        "JOURNEYS_LOG": str(root / "log"),
        "JOURNEYS_WAREHOUSE": str(root / "warehouse.duckdb"),
        "JOURNEYS_BLOCKED": str(root / "blocked.parquet"),
        "JOURNEYS_MEMORY_LIMIT": "5GB",
        "DBT_TARGET_PATH": str(root / "target"),
        "DBT_LOG_PATH": str(root / "dbt_logs"),
    }
    started = time.monotonic()
    with open(root / "output", "w") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError((root / "output").read_text()[-3000:])
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def model_times(root: Path) -> tuple[float, list[tuple[str, float]]]:
    """Seconds from the first model to the last, and of each, the slowest first."""
    results = json.loads((root / "target" / "run_results.json").read_text())["results"]
    times = [
        datetime.fromisoformat(timing[moment].replace("Z", "+00:00"))
        for result in results
        for timing in result["timing"]
        for moment in ("started_at", "completed_at")
    ]
    each = [(one["unique_id"].split(".")[-1], one["execution_time"]) for one in results]
    return (max(times) - min(times)).total_seconds(), sorted(each, key=lambda one: -one[1])


if __name__ == "__main__":
    sys.exit(main())
