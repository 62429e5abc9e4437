"""One stage of the pipeline, or one yardstick, in a process of its own.

    python -m tests.benchmarks.stages <stage> <root>

The stages run the product's own code on the state under `root`; the yardsticks run DuckDB alone.
"""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from ingestion.event_log import EventLog
from ingestion.record import record
from ingestion.settings import SPARK, Settings
from ingestion.sources import find, mapped
from serving import warehouse
from serving.spark import build as spark
from serving.spark.relations import Files, Name, read, record_of
from tests.benchmarks import signal_log

NOW = datetime(2026, 2, 1)
LEDGERS = ("int_ledger_lines", "int_points_now", "fct_friction", "fct_scores")
DBT = {
    "prepare": ("seed",),
    "dbt start": ("compile", "--select", "stg_run"),
    "staging": ("run", "--select", "path:models/1_staging"),
    "identity": ("run", "--select", "path:models/2_identity"),
    "journeys": ("run", "--select", "path:models/3_journeys"),
    "before friction": (
        *("run", "--select"),
        *("path:models/1_staging", "path:models/2_identity", "path:models/3_journeys"),
    ),
    "friction": ("run", "--select", "path:models/4_friction", "--exclude", *LEDGERS),
    "ledgers": ("run", "--select", *LEDGERS),
    "marts": ("run", "--select", "path:models/5_marts", "--exclude", *LEDGERS),
    "models": ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    "data tests": ("test", "--exclude-resource-type", "unit_test"),
}


def main(stage: str, root: Path) -> None:
    """Run one stage on the state under `root`."""
    os.environ["JOURNEYS_ROOT"] = str(root)
    settings = Settings.read("bench")
    if stage in DBT:
        dbt(settings, DBT[stage])
    else:
        OTHERS[stage](settings)


def dbt(settings: Settings, arguments: tuple[str, ...]) -> None:
    """Run dbt as the product does, on some of the models."""
    EventLog(settings.log).open()
    if not (settings.root / "blocked.parquet").exists():
        warehouse.write_blocked(settings)
    given = {**warehouse.variables(settings), "as_of": "", "known_at": ""}
    folder = settings.root / "dbt"
    subprocess.run(
        [
            str(spark.dbt() if settings.target == SPARK else Path(sys.executable).with_name("dbt")),
            *arguments,
            *("--target", settings.target),
            *("--project-dir", str(warehouse.PROJECT), "--profiles-dir", str(warehouse.PROJECT)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
            *("--vars", json.dumps(given)),
        ],
        env=warehouse.environment(settings),
        check=True,
    )


def gate_and_append(settings: Settings) -> None:
    """Record what has landed."""
    report = record(find(signal_log.SOURCE, settings), settings, NOW)
    print(report)


def gate_and_append_segment(settings: Settings) -> None:
    """Record a web export of the sample company."""
    print(record(find("segment", settings), settings, NOW))


def append_day(settings: Settings) -> None:
    """Record what landed on the day after."""
    print(record(find(signal_log.SOURCE, settings), settings, NOW + timedelta(days=1)))


def build(settings: Settings) -> None:
    """Bring the warehouse up to the log, data tests included, as the DAG does."""
    print(warehouse.build(settings))


def lay_steps(settings: Settings) -> None:
    """Fill int_journey_steps straight from the export, for the friction layer alone.

    The rows are those that staging, identity and journeys make of it, but for the hashes of
    customers and the journeys of rows without an issue.
    """
    files = settings.landing / signal_log.SOURCE / "*.parquet"
    with connected(settings) as connection:
        connection.execute(f"create view export as select * from read_parquet('{files}')")
        connection.execute("delete from int_journey_steps")
        connection.execute(
            """
            insert into int_journey_steps by name
            select
                md5(concat_ws(chr(31), 'signals', 'row', event_id, 0)) as interaction_id,
                sha256(event_id) as event_id,
                'signals' as source,
                'row' as record_type,
                event_id as record_key,
                0 as position,
                md5(customer) as customer_id,
                false as is_anonymous,
                md5(concat(customer, coalesce(issue, event_id))) as journey_id,
                'issue:' || issue as issue_id,
                row_number() over (
                    partition by md5(concat(customer, coalesce(issue, event_id)))
                    order by occurred_at, event_id
                ) as step_number,
                occurred_at,
                timestamp '2026-02-01 00:00:00' as recorded_at,
                channel,
                touchpoint,
                'stated' as kind,
                'inbound' as direction,
                case when issue is not null then 'issue' end as subject_type,
                issue as subject_key,
                phase,
                moment_of_truth as is_moment_of_truth,
                context_carried as is_context_carried,
                false as is_automated,
                false as is_marketing,
                true as is_delivered,
                false as is_human_contact,
                signal,
                measure,
                promise_id,
                due_at,
                location as location_id
            from export
            """
        )
        connection.execute(
            "update stg_run set as_of = (select max(occurred_at) from export), known_at = ?", [NOW]
        )
        connection.execute("drop view export")


def sorted_copy(settings: Settings) -> None:
    """Yardstick of the friction layer: DuckDB writes the interactions once, sorted."""
    with beside(settings) as connection:
        connection.execute(
            "create table interactions as select * from warehouse.int_journey_steps "
            "order by customer_id, occurred_at, record_key, source, position"
        )


def limit(settings: Settings) -> None:
    """Yardstick of the full build: DuckDB reads the log once, parses each payload once, and writes
    one copy sorted by customer and time."""
    (described,) = mapped.staging(EventLog(settings.log))
    log = settings.log / f"source={signal_log.SOURCE}" / "*.parquet"
    with beside(settings) as connection:
        connection.execute(
            "create table copy as select parsed.* exclude (r), unnest(r) from ("
            "  select event_id, record_key, occurred_at as happened_at, recorded_at, batch_id,"
            "    identifiers[1].hash as customer_hash,"
            f"   from_json(payload, '{described['structure']}') as r"
            f"  from read_parquet('{log}') where record_type != 'batch'"
            ") as parsed order by customer_hash, happened_at, record_key"
        )


def connected(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The warehouse, opened as dbt opens it."""
    connection = duckdb.connect(str(settings.warehouse), config=limits(settings))
    connection.execute("set preserve_insertion_order = false")
    return connection


def beside(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A fresh file beside the warehouse, the warehouse attached, under the same limits."""
    path = settings.root / "yardstick.duckdb"
    path.unlink(missing_ok=True)
    connection = duckdb.connect(str(path), config=limits(settings))
    connection.execute("set preserve_insertion_order = false")
    if settings.warehouse.exists():
        connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
    return connection


def limits(settings: Settings) -> dict[str, str]:
    """What DuckDB may use: the profile's memory, and two threads."""
    return {"memory_limit": settings.memory_limit, "threads": "2"}


def audit(settings: Settings) -> None:
    """The audit, the publishing and the report as the DAG does them, on a build of this run."""
    from dags.releasing import audit_build

    with warehouse.sole_writer(settings):
        built = warehouse.Build("20260101T000000Z-bench", "bench", "", "")
        warehouse.write_whole(warehouse.built_path(settings), json.dumps(built.__dict__))
    checks = audit_build(built.build_id)
    warehouse.write_whole(settings.root / "checks.json", json.dumps(checks))


def publish(settings: Settings) -> None:
    """Publish the audited build."""
    from dags.releasing import publish_build

    release = publish_build(json.loads((settings.root / "checks.json").read_text()))
    (settings.root / "release").write_text(release)


def report(settings: Settings) -> None:
    """Write the page of the release."""
    from dags.releasing import write_report

    write_report((settings.root / "release").read_text())


def pandas(settings: Settings) -> None:
    """Yardstick of friction layer and ledgers: the same scoring in plain pandas.

    Fails where the ledger of the run has other sums.
    """
    from tests.benchmarks.plain_pandas import points_by_part

    with connected(settings) as connection:
        (as_of,) = connection.execute("select as_of from stg_run").fetchone()
        told = dict(
            connection.execute(
                "select part, sum(points_micro)::bigint from fct_friction group by part"
            ).fetchall()
        )
    files = sorted((settings.landing / signal_log.SOURCE).glob("*.parquet"))
    plain = points_by_part(files, as_of)
    if plain != told:
        raise ValueError(f"the ledger has {told}, plain pandas {plain}")
    print(told)


def same_ledger(settings: Settings) -> None:
    """Fail where the ledger that Spark has built is not DuckDB's."""
    kept = read(record_of(spark.folder(settings), Name(spark.MAIN, "fct_friction")))
    assert isinstance(kept, Files)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach '{settings.warehouse}' as warehouse (read_only)")
        columns = connection.execute("describe warehouse.fct_friction").fetchall()
        chosen = ", ".join(f'"{name}"::{type_}' for name, type_, *_ in columns)
        both = ("warehouse.fct_friction", f"read_parquet('{kept.path}/*.parquet')")
        counts = [
            connection.execute(
                f"select count(*) from (select {chosen} from {one} "
                f"except all select {chosen} from {other})"
            ).fetchone()
            for one, other in (both, both[::-1])
        ]
    if counts != [(0,), (0,)]:
        raise ValueError(f"rows of fct_friction that one engine has alone: {counts}")


OTHERS = {
    "gate and append Segment": gate_and_append_segment,
    "pandas": pandas,
    "gate and append": gate_and_append,
    "append day": append_day,
    "build": build,
    "lay steps": lay_steps,
    "sorted copy": sorted_copy,
    "limit": limit,
    "audit": audit,
    "publish": publish,
    "report": report,
    "same ledger": same_ledger,
}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).absolute())
