"""Every hour, and when files land, record what is new from each source. One DAG per source."""

import re
from datetime import datetime, timedelta

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, dag, task

from dags.assets import EVENT_LOG, landed_files
from ingestion.settings import Settings
from ingestion.sources import MODULES
from ingestion.store import at, below

SETTINGS = Settings.read()
DOC = """
### What `{name}` ({channel}) has landed goes into the event log

Reads the files below `{landing}` that the log has not seen yet, by content: a file that is
re-sent or renamed adds nothing. Records that fail their expectations go to the quarantine with
a reason; a file that is bad as a whole is set aside alone.

- **Runs** hourly, and a few seconds after files have landed. A first load, or a backfill, is
  one run: put the files there.
- **Is skipped** when nothing is new; then the warehouse is left alone, too.
- **If it fails**, nothing of the failed batch is in the log. Mend the cause and clear the task.
"""


def ingest(name: str, channel: str) -> None:
    landing = below(SETTINGS.landing, name)

    @dag(
        # A folder whose name is none for a source gets a run, too, which says so.
        dag_id=f"ingest_{re.sub('[^A-Za-z0-9_.-]', '_', name)}",
        schedule=AssetOrTimeSchedule(
            # A bare "@hourly" has an empty data interval in Airflow 3.
            timetable=CronDataIntervalTimetable("@hourly", timezone="UTC"),
            assets=landed_files(name, landing, SETTINGS.root / "landing_index.json"),
        ),
        start_date=datetime(2026, 1, 1),
        catchup=False,  # files wait in their folder: an hour that was missed is no hole
        max_active_runs=1,
        default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
        dagrun_timeout=timedelta(hours=12),
        doc_md=DOC.format(name=name, channel=channel, landing=landing),
        tags=["ingest", channel],
    )
    def ingest_source():
        @task(outlets=[EVENT_LOG], execution_timeout=timedelta(hours=4))
        def record_new_files(ti=None):
            from dags.recording import record_source

            return record_source(name, is_retry=ti.try_number > 1)

        record_new_files()

    ingest_source()


# By name alone: a mapping with a mistake fails its own run, and no other source's.
for shipped, module in MODULES.items():
    ingest(shipped, channel=module.partition(".")[0])
for mapping in at(SETTINGS.landing).files("*/mapping.yml"):
    if mapping.folder not in MODULES:
        ingest(mapping.folder, channel="mapped")
