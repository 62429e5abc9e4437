"""Runs what was asked for by hand: erase, replay, or the quarantine's replay; then the warehouse.

These are the DAGs that the web page starts. An identifier is hashed here, so that Airflow, which
keeps what it is asked for, never sees it.
"""

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

from dags.local.home import environment, home, prepare_database
from dags.local.run import (
    RunFailed,
    alone,
    build,
    console,
    prepare,
    quiet_exit,
    read_dags,
    run_dag,
)
from ingestion.errors import IngestionError
from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving.erase import hashed
from serving.errors import ServingError
from serving.summary import summary


def main() -> int:
    """Run as asked on the command line; the exit code says whether all went well."""
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    parser.add_argument("dag", choices=("erase", "replay", "quarantine_replay"))
    parser.add_argument("--name", default="sample")
    parser.add_argument("--sources", default="", help="folder of your exports, as in make run")
    parser.add_argument("--person", default="")
    parser.add_argument("--source", default="")
    parser.add_argument("--customer", default="")
    asked = parser.parse_args()
    try:
        settings = prepare(asked.name, asked.sources)
        conf = {"source": asked.source}
        if asked.dag == "erase":
            conf = {"person": hashed(settings, asked.person)}
        elif asked.dag == "replay":
            customer = asked.customer
            conf["customer"] = hashed(settings, customer) if ":" in customer else customer
        with alone(settings):
            run(settings, asked.dag, conf)
    except (IngestionError, ServingError, RunFailed) as error:
        print(f"\nFAILED: {error}", file=sys.stderr)
        return 1
    return 0


def run(settings: Settings, asked: str, conf: dict[str, str]) -> None:
    """Run the DAG that was asked for, show what it said, and publish what changed."""
    log_path = settings.root / "run.log"
    with console(log_path) as show:
        try:
            os.environ.update(environment(settings, "run"))
            prepare_database(home(settings, "run"))
            dags = read_dags()
            for said in told(dags[asked], conf):
                show(said)
            if conf.get("customer") or not EventLog(settings.log).headers():
                return
            is_built = build(settings, dags["warehouse"], {"as_of": "", "known_at": ""}, show)
        except RunFailed as error:
            raise RunFailed(f"{error}\nEverything that Airflow said is in {log_path}") from error
        for line in summary(settings, is_built):
            show(line)


def told(dag: Any, conf: dict[str, str]) -> list[str]:
    """Run a DAG of one task; the lines that its task returned."""
    said: list[str] = []

    def keep(context: Any) -> None:
        task = context["task_instance"]
        returned = task.xcom_pull(task_ids=task.task_id)
        lines = returned if isinstance(returned, list) else [returned]
        said.extend(str(line) for line in lines if line)

    on_success: list[Callable[[Any], None]] = [keep]
    for task in dag.tasks:
        task.on_success_callback = on_success
    run_dag(dag, conf)
    return said


if __name__ == "__main__":
    quiet_exit(main())
