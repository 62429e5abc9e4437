"""Takes the people of the register out of the log, the landing folder and the quarantine.

Only files that hold them are written anew, each by one replacement, under the same name. Killed
anywhere and run again it ends complete: all that it needs is the register.
"""

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion import erased, readers
from ingestion.erased import PROBLEM, Erased, Register
from ingestion.errors import UnreadableFile
from ingestion.event_log import HEADER, EventLog, key_of, source_of
from ingestion.gate import Erasure, Gate
from ingestion.identifiers import Identifiers
from ingestion.landing import Landed, Landing
from ingestion.quarantine import Quarantine
from ingestion.replay import reader_of
from ingestion.rewriting import without
from ingestion.settings import Settings
from ingestion.shortage import lacking, told
from ingestion.source import File, Source
from ingestion.sources import all_sources
from ingestion.store import Stored, at, below
from ingestion.times import literal

# What a record leaves in the log of which others' identifiers were part: that they were seen with
# somebody. Without it a number that many people share would seem to be one person's.
TRACE = "erased"


@dataclass(frozen=True)
class Erasures:
    """How much was taken out: counts, and nothing of whom."""

    log_files: int = 0
    events_removed: int = 0
    events_cleaned: int = 0
    landing_files: int = 0
    landing_records: int = 0
    landing_files_removed: int = 0
    landing_files_unfinished: int = 0
    landing_files_with_other_names: int = 0
    quarantine_records: int = 0

    def __add__(self, other: "Erasures") -> "Erasures":
        return Erasures(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def astuple(counts: Erasures) -> tuple[int, ...]:
    """The counts in their order."""
    return tuple(vars(counts).values())


@dataclass(frozen=True)
class Found:
    """What one file of the log holds of erased people: row numbers, and payloads as they stay."""

    owned: frozenset[int]
    named: dict[int, str]
    files: tuple[dict, ...]

    def __bool__(self) -> bool:
        return bool(self.owned or self.named)


def sweep(settings: Settings, now: datetime) -> Erasures:
    """Take everybody of the register out of landing folder, log and quarantine.

    The caller holds the log alone. `now` is the log's time, naive UTC.
    """
    with told(settings):
        return _sweep(settings, now)


def _sweep(settings: Settings, now: datetime) -> Erasures:
    log = EventLog(settings.log)
    for place in (settings.landing, settings.log, settings.quarantine):
        at(place).clear_scratch()
    shutil.rmtree(settings.root / "scratch", ignore_errors=True)
    done = Erasures()
    sources = all_sources(settings)
    in_log = {source_of(batch) for batch in log.batches()}
    for name in sorted(in_log | set(sources)):
        done += _Sweep(name, sources.get(name), settings, now).run()
    (settings.root / "landing_index.json").unlink(missing_ok=True)
    return done


def parts_of(
    settings: Settings, records: Iterable[tuple[str, str, str]]
) -> set[tuple[str, str, str]]:
    """The records (source, type, key) of the log that are parts of `records` and name nobody."""
    known = set(records)
    found: set[tuple[str, str, str]] = set()
    sources = all_sources(settings)
    for name in {source for source, _, _ in known} & set(sources):
        edges = _edges(EventLog(settings.log), sources[name])
        theirs = {(type, key) for source, type, key in known if source == name}
        while fresh := {child for child, above in edges if above in theirs} - theirs:
            theirs |= fresh
            found |= {(name, type, key) for type, key in fresh}
    return found


def _edges(log: EventLog, source: Source) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """((type, key) of a part that names nobody, (type, key) of what it is a part of)."""
    paths = [batch.address for batch in log.batches(source.name)]
    edges = []
    with duckdb.connect() as connection:
        log.store.readable(connection)
        for record in source.records if paths else ():
            fields = {tuple(f.split(".")) if isinstance(f, str) else f for f in record.fields}
            structure = literal(readers.structure(fields))
            for above, key in record.part_of.items():
                rows = connection.execute(
                    f"select distinct record_key, {key} from (select record_key, "
                    f"json_transform(payload, {structure}) as r from "
                    "read_parquet(?, hive_partitioning = false) where record_type = ? and "
                    "len(list_filter(identifiers, lambda x: x.hash is not null)) = 0)",
                    [paths, record.name],
                ).fetchall()
                edges += [((record.name, child), (above, parent)) for child, parent in rows]
    return edges


class _Sweep:
    """The sweep of one source; `source` is None where nothing reads its landing folder any more."""

    def __init__(self, name: str, source: Source | None, settings: Settings, now: datetime) -> None:
        self.name = name
        self.source = source
        self.settings = settings
        self.now = now
        self.log = EventLog(settings.log)
        self.quarantine = Quarantine(settings.quarantine)
        self.identifiers = Identifiers(settings.secret(), settings.default_region)
        self.hashes = Register.of(settings.log).hashes()
        types = (
            {said.type for record in source.records for said in record.identifiers}
            if (source)
            else set()
        )
        self.erased = Erased(self.hashes, self.identifiers, types)

    def run(self) -> Erasures:
        """Landing first: a file of the log that still holds the person says where to look."""
        found = {batch.key: self._found(batch) for batch in self.log.batches(self.name)}
        done = self._quarantine()
        if self.source:
            done += self._landing(self.source, found)
        for key, what in found.items():
            if what:
                self._rewrite(key, what, {})
                done += Erasures(1, len(what.owned), len(what.named))
        return done

    def _found(self, batch: Stored) -> Found:
        with duckdb.connect() as connection:
            self.log.store.readable(connection)
            return self._look(connection, _rows_of(batch.address))

    def _look(self, connection: duckdb.DuckDBPyConnection, rows: str) -> Found:
        hashes = pa.table({"hash": pa.array(sorted(self.hashes), pa.string())})
        connection.register("erased_hashes", hashes)
        header = _header_of(connection, rows)
        named = dict(
            connection.execute(
                f"""
                select file_row_number, arg_min(is_erased, (priority, hash))
                from (
                    select
                        file_row_number, x.hash, {erased.priority("x.type")} as priority,
                        x.hash in (select hash from erased_hashes) as is_erased
                    from (select file_row_number, unnest(identifiers) as x from {rows})
                    where x.hash is not null and x.problem is null
                )
                group by file_row_number
                having bool_or(is_erased)
                """
            ).fetchall()
        )
        keys = connection.execute(
            f"select file_row_number, record_type, record_key from {rows} "
            f"where record_type not in ('{HEADER}', '{TRACE}')"
        ).fetchall()
        owned = {row for row, is_owner in named.items() if is_owner} | {
            row
            for row, type, key in keys
            if self.erased.record(self.name, type, key) in self.hashes
        }
        tokens = connection.execute(
            f"select distinct unnest({erased.tokens_in('payload')}) from {rows} "
            f"where record_type != '{HEADER}'"
        ).fetchall()
        theirs = self.erased.tokens(token for (token,) in tokens)
        texts = connection.execute(
            f"select file_row_number, payload from {rows} "
            f"where record_type != '{HEADER}' and (list_contains(?, file_row_number) "
            f"or list_has_any({erased.tokens_in('payload')}, ?))",
            [sorted(set(named) - owned), theirs],
        ).fetchall()
        return Found(
            frozenset(owned),
            {row: self.erased.scrubbed(text) for row, text in texts if row not in owned},
            tuple(json.loads(header)["files"]),
        )

    def _rewrite(self, key: str, what: Found, digests: dict[str, set[str]]) -> None:
        """Write a file of the log anew: without what was found, with digests of rewritten files."""
        store = self.log.store
        fresh = store.scratch(key)
        stand_ins = {hash: self.erased.stand_in(hash) for hash in self.hashes if what}
        with duckdb.connect() as connection:
            connection.execute("set timezone = 'UTC'")
            store.readable(connection)
            rows = _rows_of(store.address(key))
            header = _header_of(connection, rows)
            connection.register(
                "changed",
                pa.table(
                    {
                        "row_number": pa.array([*what.owned, *what.named], pa.int64()),
                        "payload": pa.array(
                            [None] * len(what.owned) + list(what.named.values()), pa.string()
                        ),
                    }
                ),
            )
            connection.register(
                "stand_ins", pa.table({"hash": list(stand_ins), "other": list(stand_ins.values())})
            )
            connection.execute(
                "set variable others = (select map(list(hash), list(other)) from stand_ins)"
            )
            connection.execute(
                f"""
                copy (
                    with looked_up as (
                        select
                            events.*,
                            changed.row_number is not null and changed.payload is null as is_owned,
                            changed.payload as cleaned,
                            list_transform(identifiers, lambda x: case
                                when map_contains(getvariable('others'), x.hash) then struct_pack(
                                    type := x.type,
                                    hash := getvariable('others')[x.hash],
                                    problem := '{PROBLEM}'
                                )
                                else x
                            end) as named
                        from {rows} as events
                        left join changed on events.file_row_number = changed.row_number
                    )
                    select
                        event_id,
                        source,
                        case when is_owned then '{TRACE}' else record_type end as record_type,
                        case when is_owned then event_id else record_key end as record_key,
                        case when not is_owned then record_version end as record_version,
                        case when is_owned then 0 else version_rank end as version_rank,
                        occurred_at,
                        recorded_at,
                        batch_id,
                        schema_version,
                        named as identifiers,
                        case when is_owned then [] else flags end as flags,
                        case
                            when is_owned then '{{}}'
                            when record_type = '{HEADER}' then $header
                            else coalesce(cleaned, payload)
                        end as payload
                    from looked_up
                    where not is_owned or len(list_filter(
                        named, lambda x: x.hash is not null and x.problem is null
                    )) > 0
                    order by file_row_number
                ) to {literal(str(fresh))} (format parquet, compression zstd, compression_level 1)
                """,
                {"header": self._header(header, what, digests)},
            )
        store.put(key, fresh)

    def _header(self, payload: str, what: Found, digests: dict[str, set[str]]) -> str:
        said = json.loads(payload)
        said["events"] = said.get("events", 0) - len(what.owned)
        for file in said.get("files", ()):
            file["name"] = self.erased.scrubbed_text(file["name"])
            if file["sha256"] in digests or "erased_sha256" in file:
                known = {*file.get("erased_sha256", ()), *digests.get(file["sha256"], ())}
                file["erased_sha256"] = sorted(known)
        return json.dumps(said, sort_keys=True, ensure_ascii=False)

    def _landing(self, source: Source, found: dict[str, Found]) -> Erasures:
        """Rewrite the landing files of concerned batches, and those that are in no batch."""
        clean = set()
        for header in self.log.headers(self.name):
            if not found.get(key_of(self.name, header.batch_id)):
                clean |= header.clean_digests()
        landing = Landing(self.settings.landing, self.settings.root / "landing_index.json")
        store = at(below(self.settings.landing, self.name))
        copies = self.settings.root / "scratch" / "landed"
        rewritten: list[tuple[Landed, Path | None]] = []
        digests: dict[str, set[str]] = {}
        done = Erasures()
        for one in landing.all(source):
            if one.file.sha256 in clean:
                continue
            content, records = self._landed(source, landing.near(source, one, copies).file)
            shutil.rmtree(copies, ignore_errors=True)
            if not records:
                continue
            fresh = None
            left = digests.setdefault(one.file.sha256, set())
            if content is not None:
                fresh = store.scratch(one.stored.key)
                fresh.write_bytes(content)
                left.add(hashlib.sha256(content).hexdigest())
            rewritten.append((one, fresh))
            other_names = store.other_names(one.stored.key)
            done += Erasures(
                landing_files=int(content is not None),
                landing_files_removed=int(content is None),
                landing_records=records,
                landing_files_with_other_names=int(other_names),
            )
        # The log knows the new digests before the files have them: nothing is read a second time.
        for key, what in found.items():
            if {file["sha256"] for file in what.files} & set(digests):
                self._rewrite(key, Found(frozenset(), {}, what.files), digests)
        for one, fresh in rewritten:
            if fresh is None:
                store.delete(one.stored.key)
            else:
                store.put(one.stored.key, fresh)
        unfinished = sum(
            1
            for file in landing.unfinished(source)
            if self.erased.is_mentioned(store.read(file.key).decode("utf-8", "replace"))
        )
        return done + Erasures(landing_files_unfinished=unfinished)

    def _landed(self, source: Source, file: File) -> tuple[bytes | None, int]:
        """A landing file's bytes as they stay (None: nothing stays), and the records concerned."""
        file = replace(file, number=0)
        try:
            with self._gate(source) as gate:
                erasures = gate.erasures([file], self.now)
        except UnreadableFile as error:
            if lacking(error):
                raise  # nothing is wrong with the file
            # No record of it can be told from another: it goes whole, if it names the person.
            is_named = self.erased.is_mentioned(_text_of(file.path))
            return (None, int(is_named))
        if not erasures:
            return None, 0
        return without(file, erasures), len(erasures)

    def _quarantine(self) -> Erasures:
        rows = self.quarantine.rows(self.name)
        is_file = pc.fill_null(rows["is_whole_file"], False)
        records = rows.filter(pc.invert(is_file))
        if not records.num_rows:
            return Erasures()
        erasures = self._set_aside(records)
        if not erasures:
            return Erasures()
        changes = {erasure.row: erasure.after for erasure in erasures}
        kept = [
            row | {"payload": changes.get(number, row["payload"])}
            for number, row in enumerate(records.to_pylist())
            if changes.get(number, "") is not None
        ]
        rows = pa.concat_tables(
            [rows.filter(is_file), pa.Table.from_pylist(kept, schema=rows.schema)]
        )
        concerned = set(records.take(pa.array(list(changes)))["batch_id"].to_pylist())
        self.quarantine.replace(self.name, rows, concerned)
        return Erasures(quarantine_records=len(erasures))

    def _set_aside(self, records: pa.Table) -> list[Erasure]:
        if self.source:
            names = list(dict.fromkeys(records["file"].to_pylist()))
            files = [File(n, Path(name), name, "") for n, name in enumerate(names)]
            with self._gate(replace(self.source, read=reader_of(records, names))) as gate:
                return gate.erasures(files, self.now)
        texts = enumerate(records["payload"].to_pylist())
        return [
            Erasure(row, text, None) for row, text in texts if self.erased.is_mentioned(text or "")
        ]

    @contextmanager
    def _gate(self, source: Source) -> Iterator[Gate]:
        scratch = self.settings.root / "scratch" / "erasure"
        gate = Gate(source, self.identifiers, scratch, self.settings.memory_limit, self.hashes)
        try:
            yield gate
        finally:
            gate.close()
            shutil.rmtree(scratch, ignore_errors=True)


def _header_of(connection: duckdb.DuckDBPyConnection, rows: str) -> str:
    found = connection.execute(f"select payload from {rows} where record_type = '{HEADER}'")
    payloads = found.fetchall()
    return payloads[0][0] if payloads else '{"files": []}'


def _rows_of(address: str) -> str:
    return f"read_parquet({literal(address)}, file_row_number = true, hive_partitioning = false)"


def _text_of(path: Path) -> str:
    """What can be read of a file, as text."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        parts = []
        try:
            with gzip.open(path, "rb") as file:
                while part := file.read(1 << 16):
                    parts.append(part)
        except (OSError, EOFError):
            pass  # broken off: what came before it is all that can be known
        content = b"".join(parts)
    return content.decode("utf-8", "replace")
