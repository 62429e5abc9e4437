"""Send what was set aside through the gate again, after a rule or a mapping was mended."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.erased import Register
from ingestion.event_log import EventLog, Header, batch_id
from ingestion.gate import Gate, Threshold
from ingestion.identifiers import Identifiers
from ingestion.quarantine import Quarantine
from ingestion.settings import Settings
from ingestion.source import File, Reader, Source


@dataclass(frozen=True)
class Replayed:
    """What a replay did: events that passed now, records that stay, files to be tried again."""

    events: int
    still_set_aside: int
    files_released: int


def replay(source: Source, settings: Settings, now: datetime) -> Replayed:
    """Replay the quarantine of one source at the log's time `now` (naive UTC).

    What passes is appended as a batch and leaves the quarantine; files that were refused whole
    are forgotten, so that the next run reads them again. Killed anywhere, it can be run again.
    """
    log, quarantine = EventLog(settings.log), Quarantine(settings.quarantine)
    log.open()
    with log.shared():
        return _replay(source, settings, log, quarantine, now)


def _replay(
    source: Source, settings: Settings, log: EventLog, quarantine: Quarantine, now: datetime
) -> Replayed:
    rows = quarantine.rows(source.name)
    is_file = pc.fill_null(rows["is_whole_file"], False)
    files, records = rows.filter(is_file), rows.filter(pc.invert(is_file))
    events, passed = _records(source, settings, log, records, now) if len(records) else (0, set())
    stays = [row for row in range(len(records)) if row not in passed]
    if passed or len(files):
        quarantine.replace(source.name, records.take(pa.array(stays, pa.int64())))
    return Replayed(events, len(stays), len(files))


def _records(
    source: Source, settings: Settings, log: EventLog, records: pa.Table, now: datetime
) -> tuple[int, set[int]]:
    names = list(dict.fromkeys(records["file"].to_pylist()))
    files = [File(n, Path(name), name, "") for n, name in enumerate(names)]
    scratch = settings.root / "scratch" / "replay"
    gate = Gate(
        replace(source, read=reader_of(records, names)),
        Identifiers(settings.secret(), settings.default_region),
        scratch,
        settings.memory_limit,
        Register.of(settings.log).hashes(),
    )
    try:
        gate.check(files, now, Threshold(1.0, inf))
        passed = set(range(len(records))) - gate.failed_rows()
        if not passed:
            return 0, passed
        events, covers_until = gate.accept()
        payloads = records["payload"].to_pylist()
        name = batch_id(source.name, ["replay", *sorted(payloads[row] for row in passed)])
        header = Header(
            source=source.name,
            batch_id=name,
            recorded_at=now,
            covers_until=covers_until,
            files=(),
            events=events,
            ignored=0,
            mapping=dict(source.mapping) if source.mapping else None,
        )
        fresh = log.scratch(source.name, name)
        gate.write(header, fresh)
        log.append(source.name, name, fresh)
        return events, passed
    finally:
        gate.close()


def reader_of(records: pa.Table, names: list[str]) -> Reader:
    """A reader of the quarantine's rows `records` (not whole files), of the files `names`."""

    def read(connection: duckdb.DuckDBPyConnection, _files) -> None:
        connection.register("set_aside", records)
        connection.register(
            "files", pa.table({"file_no": range(len(names)), "file": pa.array(names, pa.string())})
        )
        # a row number that was the key of its record is so again
        connection.execute(
            """
            create or replace temp table lines as
            select
                files.file_no::integer as file_no,
                try_cast(regexp_extract(record_key, '^(\\d{9})(:|$)', 1) as bigint) as number,
                case when json_valid(payload) then payload end as payload,
                payload as broken
            from set_aside positional join
                (select unnest(range((select count(*) from set_aside))) as row_number)
            join files on files.file = set_aside.file
            order by row_number
            """
        )
        connection.unregister("set_aside")
        connection.unregister("files")

    return read


def describe(source: str, done: Replayed) -> str:
    """One line for a terminal."""
    return (
        f"{source}: {done.events} events recorded, {done.still_set_aside} records stay set aside, "
        f"{done.files_released} files will be read again"
    )
