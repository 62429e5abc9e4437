"""What the DAGs wait for and what they make: landed files, the event log, the releases."""

from pathlib import Path

from airflow.sdk import Asset, AssetWatcher

from dags.landing_watch import FilesLanded
from ingestion.store import Place

# The queue of what needs the warehouse file. Where tasks run on several machines, one worker serves
# it at a time; another may take its place, for the file is a cache of the log.
WAREHOUSE_QUEUE = "warehouse"
# One asset for the whole log: an AND of one asset a source would stall when one source is down.
EVENT_LOG = Asset("event_log")
RELEASE = Asset("release")


def landed_files(source: str, place: Place, index: Path) -> Asset:
    """The landing place of one source, watched, so that a dropped file need not wait an hour."""
    trigger = FilesLanded(folder=str(place), index=str(index))
    watcher = AssetWatcher(name=f"{source}_landing", trigger=trigger)
    return Asset(
        f"landing_{source}",
        uri=place.as_uri() if isinstance(place, Path) else place,
        watchers=[watcher],
    )
