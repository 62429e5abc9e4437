"""A dry run of a mapping: what its files would give, without writing anything."""

import gzip
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from expectations.catalogue import IDENTIFIER_TYPES
from ingestion import mapping as described
from ingestion.errors import MappingError, UnreadableFile
from ingestion.gate import Gate, Threshold
from ingestion.identifiers import Identifiers
from ingestion.landing import Landed, Landing
from ingestion.settings import Settings
from ingestion.source import File
from ingestion.sources import mapped

ROWS_READ = 10_000
ROWS_SHOWN = 5
TIME_HINT = (
    "a time unlike 2026-03-31 14:05 needs its `format`, such as '%d/%m/%Y %H:%M'; one that carries "
    "no offset, a `time_zone`"
)


def report(path: Path, settings: Settings, now: datetime) -> Iterator[str]:
    """Lines for a terminal: each record's first rows as they would be read, and of the first 10,000
    rows of each file whom they name and what would be set aside. Raises MappingError for a mistake.
    """
    if path.is_dir():
        path = path / mapped.FILE_NAME
    if not path.is_file():
        raise MappingError(f"{path}: there is no such file")
    mapping = described.read(path.parent.name, path.read_bytes())
    source = mapped.source_of(mapping)
    yield f"{path}: {len(mapping.records)} record(s), no mistake found in the mapping itself"
    with tempfile.TemporaryDirectory() as scratch:
        landing = Landing(path.absolute().parents[1], Path(scratch) / "index.json")
        landed = landing.unseen(source, set())
        if not landed:
            yield f"no file beside it matches {', '.join(source.pattern)}"
        for one in landed:
            yield from _file(one, mapping, settings, now, Path(scratch))


def _file(
    one: Landed,
    mapping: described.SourceMapping,
    settings: Settings,
    now: datetime,
    scratch: Path,
) -> Iterator[str]:
    source = mapped.source_of(mapping)
    yield ""
    yield f"{one.file.name}"
    gate = Gate(source, Identifiers(b"a dry run", settings.default_region), scratch, "2GB")
    try:
        gate.check([_head(one.file, scratch)], now, Threshold(1.0, 1))
        counts = gate.counts().get(0)
        aside = gate.set_aside().to_pylist()
        records = {record.name: record for record in mapping.records}
        yield (
            f"  {counts.records if counts else 0} rows read"
            f"{' (the first ones)' if counts and counts.records >= ROWS_READ else ''}, "
            f"{len(aside)} would be set aside"
        )
        for reason, count in Counter(row["reason"] for row in aside).most_common():
            first = next(row for row in aside if row["reason"] == reason)
            yield f"    {count} x {reason} (first: row {first['record_number'] + 1})"
            if "time zone" in reason:
                yield f"      {TIME_HINT}"
        yield from _identifiers(gate)
        for name, record in records.items():
            yield from gate.preview(name, _columns(record), ROWS_SHOWN)
    except UnreadableFile as error:
        yield f"  would be set aside whole: {error.reason}"
    finally:
        gate.close()


def _identifiers(gate: Gate) -> Iterator[str]:
    """Who is named, by type: how many values, how many are none and why, and types unheard of."""
    listed = ", ".join(sorted(IDENTIFIER_TYPES))
    for type, counts in groupby(gate.identifier_counts(), key=itemgetter(0)):
        said = [
            f"{count} x {problem}" if problem else f"{count} usable" for _, problem, count in counts
        ]
        known = "" if type in IDENTIFIER_TYPES else f" (of no listed type: {listed})"
        yield f"  {type}: {', '.join(said)}{known}"


def _columns(record: described.Record) -> list[tuple[str, dict[str, str]]]:
    shown = (
        "occurred_at", "channel", "touchpoint", "kind", "signal", "subject_type", "subject_key",
        "phase", "measure", "promise_event", "promise_id", "due_at",
    )  # fmt: skip
    return [
        (
            f"{record.name}, interaction {number + 1}",
            {
                "_structure": mapped.structure(record),
                "_where": mapped.happened(interaction, record),
                **{
                    name: sql
                    for name, sql in mapped.columns(interaction, record).items()
                    if name in shown
                },
            },
        )
        for number, interaction in enumerate(record.interactions)
    ]


def _head(file: File, scratch: Path) -> File:
    """The file itself, or for a long text file its first rows."""
    if file.path.suffix == ".parquet":
        return File(0, file.path, file.name, file.sha256)
    opener = gzip.open if file.path.suffix == ".gz" else open
    head = scratch / f"{file.sha256}{file.path.name.removesuffix('.gz')[-8:]}"
    try:
        with opener(file.path, "rb") as lines, head.open("wb") as target:
            target.writelines(islice(lines, ROWS_READ + 1))
    except (OSError, EOFError) as error:
        raise UnreadableFile(file.name, str(error)) from error
    return File(0, head, file.name, file.sha256)
