"""Records one source for a task, and tells apart what Airflow does: skipped, failed for good."""

from datetime import UTC, datetime

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from ingestion.errors import IngestionError
from ingestion.record import record
from ingestion.settings import Settings
from ingestion.shortage import Shortage
from ingestion.sources import find
from ingestion.store import below


def record_source(name: str, is_retry: bool = False) -> dict[str, int]:
    """Record what is new of source `name`: counts of events, records set aside, and files.

    Skips the task when nothing is new, so that the log's asset tells of growth only; not in a
    retry, for the try before may have died after its append and before it could tell. Bad input
    fails it at once, without retries: it does not heal by waiting.
    """
    settings = Settings.read()
    try:
        report = record(find(name, settings), settings, datetime.now(UTC).replace(tzinfo=None))
    except Shortage:
        raise  # may heal by waiting: the task is tried again
    except IngestionError as error:
        raise AirflowFailException(str(error)) from error
    for file, reason in report.refused:
        print(f"{name}: {file} was set aside: {reason}", flush=True)
    if not report.has_news and not is_retry:
        raise AirflowSkipException(f"{name}: nothing new in {below(settings.landing, name)}")
    return {"events": report.events, "set_aside": report.set_aside, "files": report.files}
