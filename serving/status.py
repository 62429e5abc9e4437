"""Says what log, quarantine, warehouse and releases hold, and how fresh they are."""

import argparse
import sys
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from ingestion.errors import IngestionError
from ingestion.event_log import EventLog, Header
from ingestion.quarantine import Quarantine
from ingestion.settings import Settings
from serving import publish, warehouse
from serving.errors import ServingError
from serving.table import table


def main() -> int:
    """Print the status of one named state."""
    parser = argparse.ArgumentParser(prog="make status", description=__doc__)
    parser.add_argument("--name", default="sample")
    asked = parser.parse_args()
    try:
        settings = Settings.read(asked.name)
        if isinstance(settings.log, Path) and not settings.root.exists():
            print(f"{settings.root} does not exist: nothing has run as {settings.name} yet")
            return 1
        print("\n".join(status(settings)))
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def status(settings: Settings) -> list[str]:
    """The status as lines of text."""
    return [
        f"state       {settings.root}",
        f"landing     {settings.landing}",
        "",
        *log_lines(EventLog(settings.log).headers()),
        "",
        *quarantine_lines(Quarantine(settings.quarantine)),
        "",
        *warehouse_lines(settings),
        "",
        *release_lines(settings),
    ]


def log_lines(headers: list[Header]) -> list[str]:
    """The event log by source."""
    sources: dict[str, list[Header]] = defaultdict(list)
    for header in headers:
        sources[header.source].append(header)
    rows = [
        [
            source,
            f"{sum(header.events for header in own):,}",
            f"{sum(len(header.files) for header in own):,}",
            f"{len(own):,}",
            when(max(header.recorded_at for header in own)),
            when(max((h.covers_until for h in own if h.covers_until), default=None)),
        ]
        for source, own in sorted(sources.items())
    ]
    if not rows:
        return ["event log   empty"]
    heads = ["source", "events", "files", "batches", "last recorded", "covers until"]
    return ["event log", *table(heads, rows, right=(1, 2, 3))]


def quarantine_lines(quarantine: Quarantine) -> list[str]:
    """What is set aside, by source and reason."""
    counts = quarantine.counts()
    if not counts:
        return ["quarantine  empty"]
    found = [[source, f"{n:,}", reason] for (source, _, reason), n in counts.items()]
    return ["quarantine", *table(["source", "rows", "reason"], found, right=(1,))]


def warehouse_lines(settings: Settings) -> list[str]:
    """The warehouse file, and whether it is up to the log."""
    built = warehouse.last_build(settings)
    if built is None:
        return ["warehouse   not built"]
    now = warehouse.fingerprint_of(settings, built.as_of, built.known_at)
    fresh = "up to the log" if now == built.fingerprint else "behind the log or the code: make run"
    return [
        f"warehouse   {settings.warehouse}, {size(settings.warehouse)}, build {built.build_id}, "
        f"{fresh}"
    ]


def release_lines(settings: Settings) -> list[str]:
    """The kept releases, newest last, and what the current one holds."""
    folders = publish.releases(settings, only=(publish.MARK,))
    if not folders:
        return ["releases    none"]
    newest = publish.current(settings, only=(publish.MARK,))
    rows = []
    for folder in folders:
        release = publish.read_release(folder)
        rows.append(
            [
                ("-> " if folder.name == newest.name else "   ") + release.release_id,
                release.published_at,
                release.as_of[:19],
                release.known_at[:19],
                release.rule_version,
                f"{release.checks_passed:,}",
            ]
        )
    heads = ["   release", "published", "as of", "known at", "rules", "checks"]
    counts = publish.read_release(newest).row_counts
    return [
        f"releases    {settings.published}",
        *table(heads, rows, right=(5,)),
        "",
        "current release",
        *table(["table", "rows"], [[name, f"{n:,}"] for name, n in counts.items()], right=(1,)),
    ]


def when(instant: datetime | None) -> str:
    """A UTC time to the second."""
    return f"{instant:%Y-%m-%d %H:%M:%S}" if instant else "-"


def size(path: Path) -> str:
    """A file's size in MB."""
    return f"{path.stat().st_size / 1e6:,.1f} MB" if path.exists() else "missing"


if __name__ == "__main__":
    sys.exit(main())
