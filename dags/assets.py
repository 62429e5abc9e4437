"""What the DAGs wait for and what they make: landed files, the event log, the releases."""

from pathlib import Path

from airflow.sdk import Asset, AssetWatcher

from dags.landing_watch import FilesLanded

# One asset for the whole log: an AND of one asset a source would stall when one source is down.
EVENT_LOG = Asset("event_log")
RELEASE = Asset("release")


def landed_files(source: str, folder: Path, index: Path) -> Asset:
    """The landing folder of one source, watched, so that a dropped file need not wait an hour."""
    trigger = FilesLanded(folder=str(folder), index=str(index))
    watcher = AssetWatcher(name=f"{source}_landing", trigger=trigger)
    return Asset(f"landing_{source}", uri=folder.as_uri(), watchers=[watcher])
