"""Record what has landed: read → gate → append. The only road into the log."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb
import pyarrow as pa

from ingestion.erased import Register
from ingestion.errors import UnreadableFile
from ingestion.event_log import EventLog, Header, batch_id
from ingestion.gate import Gate, Refusal, Threshold
from ingestion.identifiers import Identifiers
from ingestion.landing import Landed, Landing, groups
from ingestion.quarantine import SCHEMA, Quarantine, whole_file
from ingestion.readers import json_object
from ingestion.settings import Settings
from ingestion.shortage import lacking, told
from ingestion.source import Source


@dataclass(frozen=True)
class Report:
    """What one run recorded of one source. `refused` are files set aside whole, with the reason;
    `unfinished` are files that were still being written, left for the next run."""

    source: str
    files: int = 0
    events: int = 0
    set_aside: int = 0
    ignored: int = 0
    batches: int = 0
    refused: tuple[tuple[str, str], ...] = field(default=())
    unfinished: tuple[str, ...] = field(default=())

    def __add__(self, other: "Report") -> "Report":
        return Report(
            self.source,
            self.files + other.files,
            self.events + other.events,
            self.set_aside + other.set_aside,
            self.ignored + other.ignored,
            self.batches + other.batches,
            self.refused + other.refused,
            self.unfinished + other.unfinished,
        )

    @property
    def has_news(self) -> bool:
        """True when the log has grown."""
        return self.batches > 0


def has_news(source: Source, settings: Settings) -> bool:
    """Whether `record` would find anything to read: a file not seen, or a mended mapping."""
    road = _Road(source, settings, datetime.max)
    headers = road.log.headers(source.name)
    return bool(road.landing.unseen(source, road.seen(headers))) or road.mapping_is_new(headers)


def record(source: Source, settings: Settings, now: datetime, again: bool = False) -> Report:
    """Record every landed file of `source` that the log has not seen, at the log's time `now`.

    `again` reads those too that it has seen, and those that were refused whole, through the gate
    of today, and adds the events that the log does not have.

    `now` is naive UTC. All or nothing a batch; killed anywhere and run again, nothing is lost
    and nothing is there twice. A file that cannot be read, or fails as a whole, is set aside
    alone. Who was erased does not come back. Waits for an erasure under way.
    """
    with told(settings), EventLog(settings.log).shared():
        road = _Road(source, settings, now)
        if again:
            road.quarantine.forget_files(source.name)
        headers = road.log.headers(source.name)
        seen = road.seen(headers)
        landing = road.landing
        report = Report(source.name)
        for group in groups(landing.unseen(source, seen)):
            report += road.take(group)
        if again:
            for group in groups(
                [one for one in landing.unseen(source, set()) if one.file.sha256 in seen]
            ):
                report += road.take(group, again=True)
        if not report.batches:
            report += road.mapping_changed(headers)
        return report


class _Road:
    """The way of one source's files into the log, with what it needs on the way."""

    def __init__(self, source: Source, settings: Settings, now: datetime) -> None:
        self.source = source
        self.settings = settings
        self.now = now
        self.log = EventLog(settings.log)
        self.landing = Landing(settings.landing, settings.root / "landing_index.json")
        self.quarantine = Quarantine(settings.quarantine)
        self.identifiers = Identifiers(settings.secret(), settings.default_region)
        self.threshold = Threshold(settings.failure_threshold, settings.failure_minimum)
        self.erased = Register.of(settings.log).hashes()
        self.log.open()

    def seen(self, headers: Sequence[Header]) -> set[str]:
        """The digests of files that the log holds, or that were set aside whole."""
        held = {sha256 for header in headers for sha256 in header.digests()}
        return held | self.quarantine.whole_files(self.source.name)

    def mapping_is_new(self, headers: Sequence[Header]) -> bool:
        """Whether the source's mapping is another than that of its last batch."""
        return (
            self.source.mapping is not None
            and bool(headers)
            and headers[-1].mapping != self.source.mapping
        )

    def take(self, group: Sequence[Landed], again: bool = False) -> Report:
        """Record one group of files as one batch, less those that cannot be read.

        `again`: the log has these files already; only events that are in no batch are new.
        """
        try:
            return self._batch(group, again)
        except UnreadableFile as error:
            if lacking(error):
                raise  # nothing is wrong with the file
            bad = [one for one in group if one.file.name == error.file] or list(group)
            rest = [one for one in group if one not in bad]
            report = Report(self.source.name)
            for one in bad:
                report += self._set_aside_whole(one, error.reason)
            return report + self.take(rest, again) if rest else report
        except duckdb.Error as error:
            if len(group) == 1 or lacking(error):
                raise
            # one of them cannot be read: halve until it is alone
            middle = len(group) // 2
            return self.take(group[:middle], again) + self.take(group[middle:], again)

    def mapping_changed(self, headers: Sequence[Header]) -> Report:
        """Put a mended mapping into the log, though no new file came with it."""
        report = Report(self.source.name)
        if self.source.mapping is None or not self.mapping_is_new(headers):
            return report
        name = batch_id(
            self.source.name, ["mapping", headers[-1].batch_id, json_object(self.source.mapping)]
        )
        with _Pass(self, name) as gate:
            gate.check([], self.now, self.threshold)
            return self._append(gate, name, [], [], report)

    def _batch(self, group: Sequence[Landed], again: bool) -> Report:
        group = [replace(one, file=replace(one.file, number=n)) for n, one in enumerate(group)]
        name = batch_id(self.source.name, sorted(one.file.sha256 for one in group))
        with _Pass(self, name) as gate:
            copies = self.settings.root / "scratch" / name / "landed"
            group = [self.landing.near(self.source, one, copies) for one in group]
            refused = gate.check([one.file for one in group], self.now, self.threshold)
            growing = [one for one in group if self.landing.has_changed(self.source, one)]
            if growing:
                report = Report(
                    self.source.name, unfinished=tuple(one.file.name for one in growing)
                )
                rest = [one for one in group if one not in growing]
                return report + self.take(rest, again) if rest else report
            if again:
                return self._append_new(gate, group, refused)
            return self._append(gate, name, group, refused, Report(self.source.name))

    def _append(
        self,
        gate: Gate,
        name: str,
        group: Sequence[Landed],
        refused: Sequence[Refusal],
        report: Report,
    ) -> Report:
        counts = gate.counts()
        excluded = {refusal.file.number for refusal in refused}
        kept = [one.file for one in group if one.file.number not in excluded]
        for refusal in refused:
            one = next(one for one in group if one.file == refusal.file)
            report += self._set_aside_whole(one, refusal.reason)
        if group and not kept:
            return report
        events, covers_until = gate.accept(excluded)
        aside = self._set_aside_rows(gate, name, kept)
        self.quarantine.keep(self.source.name, name, aside)
        header = Header(
            source=self.source.name,
            batch_id=name,
            recorded_at=self.now,
            covers_until=covers_until,
            files=tuple(
                {
                    "name": file.name,
                    "sha256": file.sha256,
                    "rows": counts[file.number].records if file.number in counts else 0,
                    "set_aside": counts[file.number].set_aside if file.number in counts else 0,
                }
                for file in kept
            ),
            events=events,
            ignored=sum(counts[f.number].ignored for f in kept if f.number in counts),
            mapping=dict(self.source.mapping) if self.source.mapping else None,
            kept_out=gate.kept_out(),
        )
        fresh = self.log.scratch(self.source.name, name)
        gate.write(header, fresh)
        is_new = self.log.append(self.source.name, name, fresh)
        return report + Report(
            self.source.name,
            files=len(kept),
            events=events if is_new else 0,
            set_aside=aside.num_rows,
            ignored=header.ignored,
            batches=int(is_new),
        )

    def _append_new(
        self,
        gate: Gate,
        group: Sequence[Landed],
        refused: Sequence[Refusal],
    ) -> Report:
        """Append the events of files that were read before which no batch of the log has."""
        report = Report(self.source.name)
        excluded = {refusal.file.number for refusal in refused}
        gate.accept(excluded)
        events, covers_until, digest = gate.leave_out(self.log)
        if not events:
            return report
        name = batch_id(self.source.name, ["again", digest])
        header = Header(
            source=self.source.name,
            batch_id=name,
            recorded_at=self.now,
            covers_until=covers_until,
            files=(),
            events=events,
            ignored=0,
            mapping=dict(self.source.mapping) if self.source.mapping else None,
        )
        fresh = self.log.scratch(self.source.name, name)
        gate.write(header, fresh)
        is_new = self.log.append(self.source.name, name, fresh)
        return Report(self.source.name, len(group), events if is_new else 0, batches=int(is_new))

    def _set_aside_rows(self, gate: Gate, name: str, kept: Sequence) -> pa.Table:
        files = {file.number: file for file in kept}
        rows = [row for row in gate.set_aside().to_pylist() if row["file_no"] in files]
        return pa.Table.from_pylist(
            [
                {
                    "source": self.source.name,
                    "batch_id": name,
                    "file": files[row["file_no"]].name,
                    "file_sha256": files[row["file_no"]].sha256,
                    "is_whole_file": False,
                    "record_number": row["record_number"],
                    "record_type": row["record_type"],
                    "record_key": row["record_key"],
                    "expectation": row["expectation"],
                    "reason": row["reason"],
                    "payload": row["payload"],
                    "set_aside_at": self.now,
                }
                for row in rows
            ],
            schema=SCHEMA,
        )

    def _set_aside_whole(self, one: Landed, reason: str) -> Report:
        name = batch_id(self.source.name, ["file", one.file.sha256])
        self.quarantine.keep(
            self.source.name,
            name,
            whole_file(self.source.name, name, one.file.name, one.file.sha256, reason, self.now),
        )
        return Report(self.source.name, refused=((one.file.name, reason),))


class _Pass:
    """A Gate with its scratch space, both gone at the end."""

    def __init__(self, road: _Road, name: str) -> None:
        self._scratch = road.settings.root / "scratch" / name
        self._gate = Gate(
            road.source, road.identifiers, self._scratch, road.settings.memory_limit, road.erased
        )

    def __enter__(self) -> Gate:
        return self._gate

    def __exit__(self, *_: object) -> None:
        self._gate.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
