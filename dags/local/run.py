"""Runs the whole flow once, by hand: each ingest DAG that has something to read, then the warehouse
DAG, in one process.

These are the DAGs that the scheduler runs; a source with nothing new costs a look at its folder and
no run, as it does there. Airflow's own output goes to a log file; what is shown is one line a DAG,
and a summary.
"""

import argparse
import fcntl
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from dags.local.home import REPOSITORY, environment, home, prepare_database
from ingestion.errors import IngestionError
from ingestion.event_log import EventLog, Header
from ingestion.quarantine import Quarantine
from ingestion.record import has_news
from ingestion.settings import Settings
from ingestion.sources import MODULES, find, mapped
from ingestion.store import SCHEME, Place, at, below
from serving.errors import ServingError
from serving.summary import summary
from serving.times import utc

SAMPLE = "sample"


class RunFailed(Exception):
    """A task of the run failed; says which and why."""


def main() -> int:
    """Run as asked on the command line; the exit code says whether all went well."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--name", default=SAMPLE)
    parser.add_argument("--sources", default="", help="folder of your exports, one a source")
    parser.add_argument("--as-of", default="")
    parser.add_argument("--known-at", default="")
    parser.add_argument("--rebuild", action="store_true")
    asked = parser.parse_args()
    try:
        settings = prepare(asked.name, asked.sources)
        times = {"as_of": asked.as_of, "known_at": asked.known_at}
        for name, text in times.items():
            utc(text, name.upper())
        with alone(settings):
            run(settings, times, rebuild=asked.rebuild)
    except (IngestionError, ServingError, RunFailed) as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    return 0


def prepare(name: str, sources: str) -> Settings:
    """The settings of this run, with its folders and secret made.

    `sources` is read where it is. Raises IngestionError when it is no folder.
    """
    if sources.startswith(SCHEME):
        os.environ["JOURNEYS_LANDING"] = sources
    elif sources:
        folder = Path(sources).expanduser().absolute()
        if not folder.is_dir():
            raise RunFailedToStart(f"SOURCES={sources}: no such folder")
        os.environ["JOURNEYS_LANDING"] = str(folder)
    settings = Settings.read(name)
    for place in (settings.root, settings.landing, settings.log, settings.quarantine):
        at(place).open()
    for place in (settings.root, settings.log, settings.quarantine):
        if isinstance(place, Path) and not os.access(place, os.W_OK | os.X_OK):
            raise RunFailedToStart(f"{place} holds the state, and cannot be written to")
    settings.secret()
    EventLog(settings.log).open()
    return settings


class RunFailedToStart(ServingError):
    """The run was asked for something that is not there."""


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Let one hand-started run of this state go on at a time; wait for the other."""
    with open(settings.root / "run.lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another `make run` of {settings.name} ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(settings: Settings, times: dict[str, str], rebuild: bool) -> None:
    """Run all DAGs once, showing how far it is, and end with a summary."""
    started = time.monotonic()
    if settings.name == SAMPLE and "JOURNEYS_LANDING" not in os.environ:
        make_sample(settings)
    log_path = settings.root / "run.log"
    with console(log_path) as show:
        try:
            os.environ.update(environment(settings, "run"))
            show(f"preparing Airflow in {short(home(settings, 'run'))} ...")
            prepare_database(home(settings, "run"))
            dags = read_dags()
            if rebuild:
                from serving.warehouse import delete

                delete(settings)
                show(f"deleted {short(settings.warehouse)}")
            ingest = [dag for name, dag in sorted(dags.items()) if name.startswith("ingest_")]
            failed = []
            for folder in unknown(settings.landing):
                show(
                    f"not read: {folder}: no source of this name ships, and no mapping.yml is in it"
                )
            for number, dag in enumerate(ingest, 1):
                try:
                    record(settings, dag, f"[{number}/{len(ingest)}]", show)
                except RunFailed as error:
                    # One source's trouble costs the others nothing; the run still ends as failed.
                    failed.append(str(error))
                    show(f"[{number}/{len(ingest)}] FAILED: {error}")
            if not EventLog(settings.log).headers():
                raise RunFailed(
                    f"the log is empty, so nothing is published: {settings.landing} holds no "
                    "records; it needs a folder for each source, named as in the README"
                )
            is_built = build(settings, dags["warehouse"], times, show)
        except RunFailed as error:
            raise RunFailed(f"{error}\nEverything that Airflow said is in {log_path}") from error
        for line in summary(settings, is_built):
            show(line)
        show(f"\n{time.monotonic() - started:.0f} s")
        if failed:
            raise RunFailed("\n".join([*failed, f"Everything that Airflow said is in {log_path}"]))


def make_sample(settings: Settings) -> None:
    """Have the sample company's systems export what they hold, once."""
    done = settings.root / "sample.done"
    if done.exists():
        return
    print("making the sample company's exports ...", flush=True)
    command = [sys.executable, "-m", "tests.sample_company", "--out", str(settings.landing)]
    command += ["--truth", str(settings.root / "truth.json")]
    if size := os.environ.get("JOURNEYS_SAMPLE_SIZE"):
        command += ["--size", size]
    subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    done.touch()


def read_dags() -> dict[str, Any]:
    """The DAGs of the dags folder by id. Raises RunFailed where a file cannot be imported."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPOSITORY / "dags"))
    if bag.import_errors:
        file, error = next(iter(bag.import_errors.items()))
        raise RunFailed(f"{file} cannot be imported: {error.strip().splitlines()[-1]}\n{error}")
    return dict(bag.dags)


def unknown(landing: Place) -> list[Place]:
    """The folders in `landing` that no source reads."""
    known = {*MODULES, *(file.folder for file in at(landing).files(f"*/{mapped.FILE_NAME}"))}
    return [below(landing, name) for name in at(landing).folders() if name not in known]


def record(settings: Settings, dag: Any, place: str, show: Callable[[str], None]) -> None:
    """Run one ingest DAG and show what it added to the log."""
    source = dag.dag_id.removeprefix("ingest_")
    log = EventLog(settings.log)
    quarantine = Quarantine(settings.quarantine)
    batches = {header.batch_id for header in log.headers(source)}
    refused = quarantine.whole_files(source)
    started = time.monotonic()
    if is_worth_a_run(settings, source):
        run_dag(dag, {})
    fresh = [header for header in log.headers(source) if header.batch_id not in batches]
    said = said_of(fresh, len(quarantine.whole_files(source) - refused))
    show(f"{place} {source:<16} {said}  ({time.monotonic() - started:.1f} s)")


def is_worth_a_run(settings: Settings, source: str) -> bool:
    """Whether there is anything to record, or to complain about: a mistake is told by the run."""
    try:
        return has_news(find(source, settings), settings)
    except IngestionError:
        return True


def said_of(headers: list[Header], refused: int) -> str:
    """What new batches brought and how many whole files were refused, in words."""
    files = [file for header in headers for file in header.files]
    events = sum(header.events for header in headers)
    aside = sum(file["set_aside"] for file in files)
    said = f"{events:>9,} events from {len(files):,} files" if headers else "nothing new"
    if aside:
        said += f", {aside:,} records set aside"
    if refused:
        said += f", {refused:,} files refused whole (make status says why)"
    return said


def build(settings: Settings, dag: Any, times: dict[str, str], show: Callable[[str], None]) -> bool:
    """Run the warehouse DAG; False when there was nothing new to build."""
    with progress(settings, show):
        states = run_dag(dag, times)
    return states["build"] != "skipped"


@contextmanager
def progress(settings: Settings, show: Callable[[str], None]) -> Iterator[None]:
    """Show how far dbt is, now and then, while this lasts."""
    over = threading.Event()

    def follow() -> None:
        last = ""
        while not over.wait(15):
            said = dbt_progress(settings.root / "dbt" / "dbt.out")
            if said and said != last:
                show(f"building the warehouse: {said}")
                last = said

    (settings.root / "dbt" / "dbt.out").unlink(missing_ok=True)
    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def dbt_progress(output: Path) -> str:
    """The newest '12 of 80' that dbt has written."""
    if not output.exists():
        return ""
    found = re.findall(r"\b(\d+ of \d+) (?:OK|PASS|WARN|ERROR|FAIL)", output.read_text())
    return found[-1] if found else ""


def run_dag(dag: Any, conf: dict[str, str]) -> dict[str, str]:
    """Run one DAG in this process; the states of its tasks. Raises RunFailed with the reason."""
    reasons: dict[str, str] = {}

    def keep_reason(context: Any) -> None:
        reasons[context["task_instance"].task_id] = str(context.get("exception"))

    for task in dag.tasks:
        # Whoever started this run by hand sees the failure and can start it again.
        task.retries = 0
        task.on_failure_callback = [keep_reason]
    outcome = dag.test(run_conf=conf)
    if str(outcome.state) != "success":
        failed = "; ".join(f"task {task}: {reason}" for task, reason in reasons.items())
        raise RunFailed(f"DAG {dag.dag_id}: {failed or f'ended as {outcome.state}'}")
    return {ti.task_id: str(ti.state) for ti in outcome.get_task_instances()}


@contextmanager
def console(log_path: Path) -> Iterator[Callable[[str], None]]:
    """Send all output of this process to a file; yields a function that shows a line to people."""
    sys.stdout.flush()
    sys.stderr.flush()
    screen: TextIO = os.fdopen(os.dup(1), "w")
    errors = os.dup(2)
    with open(log_path, "a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)

    def show(line: str) -> None:
        print(line, file=screen, flush=True)

    try:
        yield show
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(screen.fileno(), 1)
        os.dup2(errors, 2)
        screen.close()
        os.close(errors)


def short(path: Path) -> Path:
    """A path as people type it from the repository."""
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path


def quiet_exit(code: int) -> None:
    """End without what DuckDB's binding prints at exit about itself once GX has loaded it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.exit(code)


if __name__ == "__main__":
    quiet_exit(main())
