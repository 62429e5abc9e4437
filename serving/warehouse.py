"""Builds the warehouse file from the event log, one build at a time.

The warehouse is a cache of the log: a build is a function of the log's position, the two
times, the rule version and the project's own code. Their fingerprint tells whether a build
would give anything new.
"""

import csv
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion import shortage
from ingestion.event_log import EventLog
from ingestion.identifiers import Identifiers
from ingestion.settings import SPARK, Settings
from ingestion.sources import mapped
from ingestion.store import at
from serving import increment
from serving.errors import WarehouseError
from serving.spark import build as spark

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = REPOSITORY / "dbt_project"
RULES = ("friction_catalogue", "friction_params", "levels", "web_thresholds")
CODE = ("dbt_project", "expectations", "serving")
CODE_SUFFIXES = {".sql", ".yml", ".yaml", ".csv", ".py", ".js", ".css"}


@dataclass(frozen=True)
class Build:
    """One finished build of the warehouse file.

    `fingerprint` names what went into it, `build_id` this very build of it; `scope` tells whether
    it worked on the whole log (`full`) or on what is new (`slice`), which gives the same rows.
    """

    build_id: str
    fingerprint: str
    as_of: str
    known_at: str
    scope: str = increment.FULL


def build(settings: Settings, as_of: str = "", known_at: str = "") -> Build:
    """Bring the warehouse up to the log, with dbt. Waits for another writer.

    `as_of` and `known_at` are UTC times as text, '' for their defaults.
    Raises WarehouseError with the names and messages of the models or tests that failed.
    """
    with shortage.told(settings):
        EventLog(settings.log).open()
        return _build(settings, as_of, known_at)


def _build(settings: Settings, as_of: str, known_at: str) -> Build:
    with sole_writer(settings) as lock:
        fingerprint = fingerprint_of(settings, as_of, known_at)
        built_path(settings).unlink(missing_ok=True)
        if settings.target != SPARK and spark.folder(settings).exists():
            # The warehouse file is views on what Spark has left: DuckDB starts from the log.
            clear(settings)
        write_blocked(settings)
        rules = rules_of(settings)
        batches = EventLog(settings.log).batches()
        scope = increment.scope(settings, rules, as_of, known_at, batches)
        if settings.target == SPARK and scope == increment.SLICE:
            spark.tell_news(settings)
        run_dbt(settings, "build", as_of, known_at, scope, held=(lock,))
        if settings.target == SPARK:
            spark.gather(settings)
        increment.finish(settings, scope, rules, as_of, known_at, batches)
        built = Build(
            build_id=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{fingerprint[:8]}",
            fingerprint=fingerprint,
            as_of=as_of,
            known_at=known_at,
            scope=scope,
        )
        write_whole(built_path(settings), json.dumps(asdict(built), indent=1))
    return built


def last_build(settings: Settings) -> Build | None:
    """The build that the warehouse file holds; None when none has finished."""
    try:
        return Build(**json.loads(built_path(settings).read_text()))
    except FileNotFoundError:
        return None


def delete(settings: Settings) -> None:
    """Delete the warehouse file, so that the next build starts from the log alone."""
    with sole_writer(settings):
        clear(settings)


def clear(settings: Settings) -> None:
    """Delete what was built, Spark's tables last. Call it under the writer's lock."""
    built_path(settings).unlink(missing_ok=True)
    for path in settings.warehouse.parent.glob(f"{settings.warehouse.name}*"):
        path.unlink()
    spark.delete(settings)


def fingerprint_of(settings: Settings, as_of: str, known_at: str) -> str:
    """A digest of everything that a build depends on."""
    return increment.digest(EventLog(settings.log).position(), as_of, known_at, rules_of(settings))


def rules_of(settings: Settings) -> str:
    """A digest of how a build works: code, engine, seeds, and the variables of this state."""
    return increment.digest(
        variables(settings), duckdb.__version__, settings.target, files=code_files()
    )


def code_files() -> list[Path]:
    """The files whose content can change a release, in order."""
    return sorted(
        path
        for folder in CODE
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in CODE_SUFFIXES and not {"target", "logs", "superset"} & set(path.parts)
    )


@contextmanager
def sole_writer(settings: Settings) -> Iterator[int]:
    """Hold the one right to write the warehouse; wait for it if need be.

    Yields the lock's descriptor. The kernel gives the lock back when all who hold it have ended,
    however they end: a dbt that outlives its killed parent keeps the next writer waiting.
    """
    settings.root.mkdir(parents=True, exist_ok=True)
    with open(settings.root / "warehouse.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for the run that is writing {settings.warehouse} ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def write_blocked(settings: Settings) -> None:
    """Hash the seed of identifiers that name nobody, so that dbt can leave them out.

    dbt sees hashes only, here as everywhere; a value that cannot be normalised names nobody yet.
    """
    identifiers = Identifiers(settings.secret(), settings.default_region)
    log = EventLog(settings.log)
    every_type = sorted(
        {row["identifier_type"] for row in seed("identifier_types")} - {"*"}
        | mapped.identifier_types(log)
    )
    named = {mapped.CUSTOMER} if mapped.customers_are_named_by_signals(log) else set()
    blocked = [
        (type, value, row["reason"])
        for row in seed("blocked_identifiers")
        for type in (every_type if row["type"] == "*" else [row["type"]])
        for value in (spellings(row["value"]) if row["type"] == "*" else [row["value"]])
        if not (type in named and row["is_name_at_signal_level"] == "true")
    ]
    types, values, reasons = zip(*blocked, strict=True)
    rows = [
        {"type": type, "hash": hashed, "reason": reason}
        for type, reason, (hashed, _) in zip(
            types, reasons, identifiers.read(types, values), strict=True
        )
        if hashed
    ]
    schema = pa.schema([("type", pa.string()), ("hash", pa.string()), ("reason", pa.string())])
    path = settings.root / "blocked.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def spellings(word: str) -> list[str]:
    """A word as systems write it: as it stands, with a capital, in capitals, in small letters."""
    return sorted({word, word.capitalize(), word.upper(), word.lower()})


def seed(name: str) -> list[dict[str, str]]:
    """The rows of a dbt seed."""
    with open(PROJECT / "seeds" / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run_dbt(
    settings: Settings,
    command: str,
    as_of: str = "",
    known_at: str = "",
    scope: str = increment.FULL,
    held: Sequence[int] = (),
) -> None:
    """Run one dbt command on this state's log and warehouse; its output goes to dbt/dbt.out.

    A slice has a target folder of its own: dbt's manifest of the full build is what readers of the
    project go by.

    `held` are descriptors of locks that dbt holds along with this process.
    """
    folder = settings.root / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    settings.warehouse.parent.mkdir(parents=True, exist_ok=True)
    target = folder / ("target" if scope == increment.FULL else scope)
    times = {"as_of": as_of, "known_at": known_at, "scope": scope}
    arguments = [
        str(spark.dbt() if settings.target == SPARK else Path(sys.executable).with_name("dbt")),
        command,
        *("--target", settings.target),
        *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
        *("--target-path", str(target), "--log-path", str(folder / "logs")),
        # dbt.out says what happened; each statement once more takes a tenth of a small build.
        *("--log-level-file", "none"),
        *("--vars", json.dumps(times | variables(settings))),
    ]
    if command == "build":
        arguments += ["--exclude-resource-type", "unit_test"]
        # A seed whose columns changed is made anew; every table is, anyway. In a slice none has.
        arguments += (
            ["--full-refresh"] if scope == increment.FULL else ["--exclude-resource-type", "seed"]
        )
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    started = time.monotonic()
    with open(folder / "dbt.out", "w") as output:
        code = subprocess.run(
            arguments,
            env=environment(settings),
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=held,
        ).returncode
    print(f"dbt {command} ({scope}): {time.monotonic() - started:.0f} s", flush=True)
    if code == -signal.SIGKILL:
        raise WarehouseError(
            f"dbt {command} was killed: by somebody, or by the system for want of memory. Run it "
            f"again, with less than JOURNEYS_MEMORY_LIMIT={settings.memory_limit} in that case"
        )
    if code:
        reason = reason_of_failure(results, folder)
        what = shortage.said(reason) or (shortage.is_full(settings.root) and shortage.SPACE)
        if what:
            raise shortage.shortage(settings, what)
        raise WarehouseError(f"dbt {command} failed: {reason}")


def environment(settings: Settings) -> dict[str, str]:
    """The environment in which dbt finds this state's log and warehouse, and calls nobody."""
    return {
        **os.environ,
        "JOURNEYS_LOG": at(settings.log).address("").rstrip("/"),
        "JOURNEYS_WAREHOUSE": str(settings.warehouse.resolve()),
        "JOURNEYS_KEEP_OPEN": "True",
        "JOURNEYS_MEMORY_LIMIT": settings.memory_limit,
        "JOURNEYS_BLOCKED": str((settings.root / "blocked.parquet").resolve()),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "DBT_USE_COLORS": "false",
        **(spark.environment(settings) if settings.target == SPARK else {}),
    }


def variables(settings: Settings) -> dict[str, object]:
    """The dbt variables of this state: mappings, own domains, and the rules if a version is asked.

    Raises WarehouseError for a version that the seeds do not have.
    """
    return {
        "mappings": mapped.staging(EventLog(settings.log)),
        "own_domains": list(settings.own_domains),
        **rule_version(),
    }


def rule_version() -> dict[str, object]:
    """The version of the rules that `JOURNEYS_RULE_VERSION` asks for; nothing where it is not set.

    A version that a seed lacks would score nothing at all: it is refused.
    """
    asked = os.environ.get("JOURNEYS_RULE_VERSION")
    if not asked:
        return {}
    for name in RULES:
        known = sorted({row["rule_version"] for row in seed(name)})
        if asked not in known:
            raise WarehouseError(
                f"JOURNEYS_RULE_VERSION={asked}: dbt_project/seeds/{name}.csv holds "
                f"{', '.join(known)} alone"
            )
    return {"rule_version": asked}


def reason_of_failure(results: Path, folder: Path) -> str:
    """Which models or tests failed and what they said; else the end of dbt's output."""
    if results.exists():
        failed = [
            f"{result['unique_id'].split('.')[2]}: {' '.join((result['message'] or '').split())}"
            for result in json.loads(results.read_text())["results"]
            if result["status"] in ("error", "fail", "runtime error")
        ]
        if failed:
            more = f"; and {len(failed) - 5} more" if len(failed) > 5 else ""
            return "; ".join(failed[:5]) + more + f" (all in {folder / 'dbt.out'})"
    output = (folder / "dbt.out").read_text(errors="replace")
    return output[max(output.rfind("[ERROR]"), 0) :][-2000:].strip()


def built_path(settings: Settings) -> Path:
    """Where the finished build is named."""
    return settings.root / "build.json"


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old one or the new one, never a part."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text)
    part.replace(path)


def main() -> int:
    """`python -m serving.warehouse parse`: have dbt read the whole project."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JOURNEYS_ROOT"] = folder
        settings = Settings.read("check")
        try:
            run_dbt(settings, "parse")
        except WarehouseError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
