"""The door into the log: records in, events and refusals out, a whole batch at a time.

DuckDB reads each payload once and takes from it what the envelope needs; identifiers are
normalised and hashed in Python, each distinct value once; Great Expectations says which
records must not pass.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling

from ingestion import erased, readers, times
from ingestion.erased import PROBLEM, Erased
from ingestion.errors import UnreadableFile
from ingestion.event_log import HEADER, EventLog, Header
from ingestion.identifiers import Identifiers
from ingestion.source import File, RecordType, Source

ENVELOPE_COLUMNS = ("key_length", "occurred_day", "hours_ahead", "has_comparable_version")


@dataclass(frozen=True)
class Threshold:
    """A file is refused whole when more than `share` and at least `minimum` of its records fail."""

    share: float
    minimum: float


@dataclass(frozen=True)
class Failure:
    """One record (by its row number in the batch) that an expectation refused."""

    row: int
    expectation: str
    reason: str


@dataclass(frozen=True)
class Refusal:
    """A file that was set aside whole, and why."""

    file: File
    reason: str


@dataclass(frozen=True)
class Counts:
    """What became of the records of one file."""

    records: int
    set_aside: int
    ignored: int


@dataclass(frozen=True)
class Erasure:
    """A record of an erased person (`after` is None), or one that named them beside others.

    `row` is its number in the batch, `before` and `after` are its payload.
    """

    row: int
    before: str
    after: str | None


class Gate:
    """One pass of one source's files through the door. Close it when the batch is written.

    What is of a person of `erased_people` does not come through.
    """

    def __init__(
        self,
        source: Source,
        identifiers: Identifiers,
        scratch: Path,
        memory_limit: str,
        erased_people: frozenset[str] = frozenset(),
    ) -> None:
        self._source = source
        self._identifiers = identifiers
        types = {said.type for record in source.records for said in record.identifiers}
        self._erased = Erased(erased_people, identifiers, types)
        self._connection = duckdb.connect()
        self._connection.execute("set timezone = 'UTC'")
        self._connection.execute(f"set temp_directory = {times.literal(str(scratch))}")
        self._connection.execute(f"set memory_limit = {times.literal(memory_limit)}")
        for name, read in (("identifier_form", _form), ("identifier_problem", _problem)):
            self._connection.create_function(
                name,
                read(identifiers),
                ["varchar", "varchar"],
                "varchar",
                null_handling=FunctionNullHandling.SPECIAL,
            )

    def close(self) -> None:
        """Give back the memory and the scratch space."""
        self._connection.close()

    def check(
        self, files: Sequence[File], recorded_at: datetime, threshold: Threshold
    ) -> list[Refusal]:
        """Read and check `files`. Afterwards each record is accepted or set aside, once.

        Returns the files that failed as a whole: none of their records is accepted.
        Raises UnreadableFile where a file cannot be read.
        """
        with ThreadPoolExecutor(1) as beside:
            # To import Great Expectations takes seconds of one processor: DuckDB reads meanwhile.
            suites = beside.submit(self._suites)
            self._read(files, recorded_at)
        self._load_failures(self._not_records() + self._unexpected(*suites.result()))
        self._load("erased", pa.table({"row_number": pa.array([], pa.int64())}))
        return self._refused(files, threshold)

    def set_aside(self) -> pa.Table:
        """The refused records, in file order: file_no, record_number (from 0), record_type,
        record_key, expectation, reason, payload. A record has the first expectation it failed."""
        return self._table(
            """
            select
                file_no,
                row_number - min(row_number) over (partition by file_no) as record_number,
                record_type,
                record_key,
                expectation,
                reason,
                coalesce(payload, broken) as payload
            from (select rowid as row_number, * from read)
            left join failed using (row_number)
            qualify expectation is not null and row_number not in (select row_number from erased)
            order by row_number
            """
        )

    def erasures(self, files: Sequence[File], recorded_at: datetime) -> list[Erasure]:
        """Read `files`, and say which records erased people own or are named in, in file order.

        Raises UnreadableFile where a file cannot be read.
        """
        self._read(files, recorded_at)
        self._hash_identifiers()
        before = dict(
            self._connection.execute("select rowid, coalesce(payload, broken) from read").fetchall()
        )
        found = self._find_erased()
        return [Erasure(row, before[row], after) for row, after in sorted(found.items())]

    def failed_rows(self) -> set[int]:
        """The numbers of the records that were refused, counted from 0 in reading order."""
        return {
            row for (row,) in self._connection.execute("select row_number from failed").fetchall()
        }

    def counts(self) -> dict[int, Counts]:
        """What became of the records, by file number."""
        rows = self._connection.execute(
            """
            select
                file_no, count(*), count(expectation),
                count(*) filter (is_ignored and expectation is null)
            from (select rowid as row_number, file_no, is_ignored from read)
            left join failed using (row_number)
            group by file_no
            """
        ).fetchall()
        return {row[0]: Counts(*row[1:]) for row in rows}

    def preview(
        self, record_type: str, interactions: Sequence[tuple[str, Mapping[str, str]]], rows: int
    ) -> Iterator[str]:
        """The first rows that passed, as a mapping reads them: one text line each, for a person.

        Each of `interactions` has a title and SQL over `r` by column, with `_structure` and
        `_where` for how a row is parsed and which rows give it.
        """
        for title, said in interactions:
            columns = {name: sql for name, sql in said.items() if not name.startswith("_")}
            found = self._connection.execute(
                f"""
                select {", ".join(f"{sql} as {name}" for name, sql in columns.items())}
                from (
                    select
                        rowid as row_number,
                        json_transform(payload, {times.literal(said["_structure"])}) as r
                    from read
                    where record_type = ?
                )
                where
                    {said["_where"]} and row_number not in (select row_number from failed)
                order by row_number
                limit {rows}
                """,
                [record_type],
            ).fetchall()
            if found:
                yield f"  {title}"
            for row in found:
                pairs = zip(columns, row, strict=True)
                yield "    " + "  ".join(f"{k}={v}" for k, v in pairs if v is not None)

    def identifier_counts(self) -> list[tuple[str, str | None, int]]:
        """How many identifiers were read: (type, why they have no normal form or None, rows)."""
        slots = self._used_slots()
        if not slots:
            return []
        self._hash_identifiers()
        values = " union all ".join(
            f"select type_{i} as type, raw_{i} as raw from read "
            f"where raw_{i} is not null and type_{i} is not null"
            for i in slots
        )
        return self._connection.execute(
            f"select type, problem, count(*) from ({values}) join hashed using (type, raw) "
            "group by all order by type, problem nulls first"
        ).fetchall()

    def accept(self, refused: Iterable[int] = ()) -> tuple[int, datetime | None]:
        """Keep what passed, less the files `refused`, each event once and as first seen.

        Returns the number of events and the greatest occurrence not after its recording.
        """
        excluded = ", ".join(str(number) for number in refused) or "-1"
        self._hash_identifiers()
        self._keep_out_erased()
        self._connection.execute(
            f"""
            create or replace temp table dropped as
            with kept_out as (
                select row_number from failed
                union
                select row_number from erased
                union
                select rowid from read where is_ignored or file_no in ({excluded})
            ),
            repeated as (
                select type_no, record_key, record_version
                from read
                group by all
                having count(*) > 1
            )
            select row_number from kept_out
            union all
            select row_number
            from (
                select read.rowid as row_number, read.type_no, read.record_key, read.record_version
                from read
                semi join repeated
                    on read.type_no = repeated.type_no
                    and read.record_key = repeated.record_key
                    and read.record_version is not distinct from repeated.record_version
            )
            anti join kept_out using (row_number)
            qualify row_number() over (
                partition by type_no, record_key, record_version order by row_number
            ) > 1
            """
        )
        row = self._connection.execute(
            """
            select count(*), max(last_occurrence)
            from read
            where rowid not in (select row_number from dropped)
            """
        ).fetchone()
        assert row is not None  # an aggregate without groups always has one row
        return row[0], row[1]

    def kept_out(self) -> int:
        """After `accept`: how many records of erased people were kept out."""
        row = self._connection.execute("select count(*) from erased").fetchone()
        assert row is not None  # an aggregate without groups always has one row
        return int(row[0])

    def leave_out(self, log: EventLog) -> tuple[int, datetime | None, str]:
        """After `accept`: keep only what no batch of this source in the log holds.

        Returns the number of events, the greatest occurrence as `accept` does, and a digest of
        which they are.
        """
        log.store.readable(self._connection)
        self._connection.execute(
            f"""
            create or replace temp table accepted as
            select rowid as row_number, {_event_id("?")} as event_id, last_occurrence
            from read
            where rowid not in (select row_number from dropped)
            """,
            [self._source.name],
        )
        self._connection.execute(
            """
            insert into dropped
            select row_number from accepted
            where event_id in (
                select event_id from read_parquet(?, hive_partitioning = false)
            )
            """,
            [[batch.address for batch in log.batches(self._source.name)]],
        )
        row = self._connection.execute(
            """
            select
                count(*), max(last_occurrence),
                sha256(coalesce(string_agg(event_id, '' order by event_id), ''))
            from accepted
            where row_number not in (select row_number from dropped)
            """
        ).fetchone()
        assert row is not None  # an aggregate without groups always has one row
        return row[0], row[1], row[2]

    def write(self, header: Header, fresh: Path) -> None:
        """Write the header and the accepted events to the Parquet file `fresh`, in file order."""
        slots = self._used_slots()
        identifiers = ", ".join(
            f"{{'type': h{i}.type, 'hash': h{i}.hash, 'problem': h{i}.problem}}" for i in slots
        )
        joins = "\n".join(
            f"left join hashed as h{i} on h{i}.raw = read.raw_{i} and h{i}.type = read.type_{i}"
            for i in slots
        )
        kept = (
            f"list_filter([{identifiers}], lambda x: x.type is not null)"
            if slots
            else _NO_IDENTIFIERS
        )
        self._connection.execute(
            f"""
            copy (
                select
                    sha256(concat_ws(chr(31), $source, '{HEADER}', $batch, '')) as event_id,
                    $source as source, '{HEADER}' as record_type, $batch as record_key,
                    null::varchar as record_version, 0::bigint as version_rank,
                    $until::timestamp as occurred_at, $recorded::timestamp as recorded_at,
                    $batch as batch_id, 1::integer as schema_version,
                    {_NO_IDENTIFIERS} as identifiers, []::varchar[] as flags,
                    $payload as payload
                union all by name
                select
                    {_event_id("$source")} as event_id,
                    $source as source, record_type, record_key, record_version,
                    version_rank, occurred_at, recorded_at, $batch as batch_id, schema_version,
                    {kept} as identifiers, flags, payload
                from read
                {joins}
                where read.rowid not in (select row_number from dropped)
            ) to {times.literal(str(fresh))}
            (format parquet, compression zstd, compression_level 1)
            """,
            {
                "source": header.source,
                "batch": header.batch_id,
                "until": header.covers_until,
                "recorded": header.recorded_at,
                "payload": header.payload(),
            },
        )

    def _table(self, query: str) -> pa.Table:
        self._connection.complete()  # a relation needs a connection with nothing under way
        return self._connection.sql(query).to_arrow_table()

    def _read(self, files: Sequence[File], recorded_at: datetime) -> None:
        source, connection = self._source, self._connection
        try:
            source.read(connection, files)
            has = {row[0] for row in connection.execute("describe lines").fetchall()}
            connection.execute(
                f"""
                create or replace temp table read as
                with parsed as (
                    select
                        file_no,
                        payload,
                        coalesce(left(ltrim(payload), 1) = '{{', false) as is_object,
                        {"broken" if "broken" in has else "null::varchar"} as broken,
                        {"number" if "number" in has else "null::bigint"} as number,
                        {_file_names(files)} as file,
                        json_transform(payload, {times.literal(_structure(source))}) as r
                    from lines
                ),
                typed as (
                    select *, {_choose_type(source.records)} as type_no from parsed
                )
                select {", ".join(_columns(source.records, recorded_at, bool(self._erased)))}
                from typed
                """
            )
        except duckdb.Error as error:
            if len(files) > 1:
                raise  # the caller finds the file
            raise UnreadableFile(files[0].name, readers.first_line(error)) from error
        if "broken" not in has:
            self._keep_broken_text(files)

    def _keep_broken_text(self, files: Sequence[File]) -> None:
        rows = self._connection.execute(
            """
            select row_number, file_no, row_number - first as number
            from (
                select
                    rowid as row_number, file_no, payload,
                    min(rowid) over (partition by file_no) as first
                from read
                where file_no in (select file_no from read where payload is null)
            )
            where payload is null
            """
        ).fetchall()
        by_number = {file.number: file for file in files}
        for row_number, file_no, number in rows[:1000]:
            self._connection.execute(
                "update read set broken = ? where rowid = ?",
                [readers.text_of_record(by_number[file_no], number), row_number],
            )

    def _not_records(self) -> list[Failure]:
        rows = self._connection.execute(
            "select rowid, is_object from read where type_no is null"
        ).fetchall()
        return [
            Failure(row, "is_json_object", "the record is not a JSON object")
            if not is_object
            else Failure(
                row, "is_a_known_record", f"no record type of {self._source.name} fits the record"
            )
            for row, is_object in rows
        ]

    def _suites(self) -> tuple[Sequence, Mapping[str, list]]:
        """What each record is held against, and those of the source by record type."""
        from expectations.envelope import SUITE

        return SUITE, self._source.suites()

    def _unexpected(self, envelope: Sequence, suites: Mapping[str, list]) -> list[Failure]:
        found = self._check(
            "envelope", ENVELOPE_COLUMNS, envelope, "type_no is not null and not is_ignored"
        )
        for number, record in enumerate(self._source.records):
            suite = suites.get(record.name)
            if suite and not record.ignore:
                found += self._check(record.name, record.checks, suite, f"type_no = {number}")
        return found

    def _check(
        self, name: str, columns: Iterable[str], suite: Sequence, where: str
    ) -> list[Failure]:
        """Check each distinct value of each column once, then find the rows that have it."""
        from expectations.run import unexpected

        values = {
            column: self._table(f"select distinct {column} from read where {where}")[column]
            for column in columns
        }
        found = []
        for bad in unexpected(values, f"{self._source.name}.{name}", suite):
            rows = self._connection.execute(
                f"select rowid from read where ({where}) and {bad.column} is not distinct from ?",
                [bad.value],
            ).fetchall()
            found += [Failure(row, bad.expectation, bad.reason) for (row,) in rows]
        return found

    def _load_failures(self, found: Sequence[Failure]) -> None:
        first: dict[int, Failure] = {}
        for failure in found:
            first.setdefault(failure.row, failure)
        rows = pa.table(
            {
                "row_number": pa.array(list(first), pa.int64()),
                "expectation": pa.array([f.expectation for f in first.values()], pa.string()),
                "reason": pa.array([f.reason for f in first.values()], pa.string()),
            }
        )
        self._load("failed", rows)

    def _refused(self, files: Sequence[File], threshold: Threshold) -> list[Refusal]:
        counts = self.counts()
        return [
            Refusal(
                file,
                f"{counts[file.number].set_aside} of {counts[file.number].records} records fail "
                f"their expectations: more than {threshold.share:.0%}",
            )
            for file in files
            if file.number in counts
            and counts[file.number].set_aside >= threshold.minimum
            and counts[file.number].set_aside > threshold.share * counts[file.number].records
        ]

    def _keep_out_erased(self) -> None:
        """Fill `erased` with the rows of erased people, and take their names out of the others."""
        found = self._find_erased()
        rows = pa.array([row for row, after in found.items() if after is None], pa.int64())
        self._load("erased", pa.table({"row_number": rows}))
        for row, after in found.items():
            if after is not None:
                self._connection.execute(
                    "update read set payload = ? where rowid = ?", [after, row]
                )
        if self._erased and self._used_slots():
            stand_ins = {
                hash: self._erased.stand_in(hash)
                for (hash,) in self._connection.execute(
                    "select distinct hash from hashed"
                ).fetchall()
                if hash in self._erased.hashes
            }
            for hash, stand_in in stand_ins.items():
                self._connection.execute(
                    f"update hashed set hash = ?, problem = '{PROBLEM}' where hash = ?",
                    [stand_in, hash],
                )

    def _find_erased(self) -> dict[int, str | None]:
        """Row → None where an erased person owns it, else its payload without their names."""
        if not self._erased:
            return {}
        named = self._named()
        found: dict[int, str | None] = dict.fromkeys(self._owned_by_erased(named))
        broken = self._connection.execute(
            "select rowid, broken from read where payload is null and broken is not null"
        ).fetchall()
        found |= {row: None for row, text in broken if self._erased.is_mentioned(text)}
        touched = sorted((set(named) | self._mentioned()) - set(found))
        self._load("touched", pa.table({"row_number": pa.array(touched, pa.int64())}))
        texts = self._connection.execute(
            "select rowid, payload from read where payload is not null "
            "and rowid in (select row_number from touched)"
        ).fetchall()
        return found | {row: self._erased.scrubbed(text) for row, text in texts}

    def _mentioned(self) -> set[int]:
        """The rows whose text holds the address or number of an erased person."""
        found = self._connection.execute(
            f"select distinct unnest({erased.tokens_in('payload')}) from read"
        ).fetchall()
        theirs = self._erased.tokens(token for (token,) in found)
        if not theirs:
            return set()
        rows = self._connection.execute(
            f"select rowid from read where list_has_any({erased.tokens_in('payload')}, ?)",
            [theirs],
        ).fetchall()
        return {row for (row,) in rows}

    def _owned_by_erased(self, named: Mapping[int, bool]) -> set[int]:
        """The rows whose strongest identifier, or whose record, is an erased person's."""
        owned = {row for row, is_owner in named.items() if is_owner}
        rows = self._connection.execute(
            "select rowid, record_type, record_key, belongs_to from read where type_no is not null"
        ).fetchall()
        source, name = self._source.name, self._erased.record
        people = self._people()
        for row, record_type, key, belongs_to in rows:
            if key is not None and name(source, record_type, key) in self._erased.hashes:
                owned.add(row)
            elif row not in people:
                above = (entry.partition("/") for entry in belongs_to or ())
                if any(name(source, type, key) in self._erased.hashes for type, _, key in above):
                    owned.add(row)
        return owned

    def _named(self) -> dict[int, bool]:
        """The rows that name an erased person, and whether as the strongest of their names."""
        if not self._used_slots():
            return {}
        self._load(
            "erased_hashes", pa.table({"hash": pa.array(sorted(self._erased.hashes), pa.string())})
        )
        return dict(
            self._connection.execute(
                f"""
                select row_number, arg_min(is_erased, (priority, hash))
                from (
                    select *, hash in (select hash from erased_hashes) as is_erased
                    from ({self._hashes()})
                )
                group by row_number
                having bool_or(is_erased)
                """
            ).fetchall()
        )

    def _people(self) -> set[int]:
        """The rows that name anybody."""
        if not self._used_slots():
            return set()
        rows = self._connection.execute(
            f"select distinct row_number from ({self._hashes()})"
        ).fetchall()
        return {row for (row,) in rows}

    def _hashes(self) -> str:
        return " union all ".join(
            f"select read.rowid as row_number, h.hash, {erased.priority('h.type')} as priority "
            f"from read join hashed as h on h.raw = read.raw_{i} and h.type = read.type_{i} "
            "where h.hash is not null"
            for i in self._used_slots()
        )

    def _load(self, name: str, rows: pa.Table) -> None:
        self._connection.complete()  # nothing may be under way on the connection
        self._connection.register("loaded_rows", rows)
        self._connection.execute(f"create or replace temp table {name} as from loaded_rows")
        self._connection.unregister("loaded_rows")

    def _used_slots(self) -> list[int]:
        """The numbers of the identifier columns that hold anything."""
        slots = range(max((len(r.identifiers) for r in self._source.records), default=0))
        if not slots:
            return []
        counts = self._connection.execute(
            f"select {', '.join(f'count(raw_{i})' for i in slots)} from read"
        ).fetchone()
        return [i for i in slots if counts and counts[i]]

    def _hash_identifiers(self) -> None:
        distinct = " union ".join(
            f"select distinct type_{i} as type, raw_{i} as raw from read "
            f"where raw_{i} is not null and type_{i} is not null"
            for i in self._used_slots()
        )
        if not distinct:
            return
        values = self._table(distinct)
        read = self._identifiers.read(values["type"].to_pylist(), values["raw"].to_pylist())
        hashed = pa.table(
            {
                "type": values["type"],
                "raw": values["raw"],
                "hash": pa.array([hash for hash, _ in read], pa.string()),
                "problem": pa.array([problem for _, problem in read], pa.string()),
            }
        )
        self._load("hashed", hashed)


def _form(identifiers: Identifiers) -> Callable[[str | None, str | None], str | None]:
    """SQL identifier_form(type, value): the normal form; NULL where there is none."""
    return lambda type, value: identifiers.normalise(type or "", value or "").value


def _problem(identifiers: Identifiers) -> Callable[[str | None, str | None], str | None]:
    """SQL identifier_problem(type, value): why there is no normal form; NULL where there is one."""
    return lambda type, value: identifiers.normalise(type or "", value or "").problem


_NO_IDENTIFIERS = "[]::struct(type varchar, hash varchar, problem varchar)[]"


def _event_id(source: str) -> str:
    named = f"{source}, record_type, record_key, coalesce(record_version, '')"
    return f"sha256(concat_ws(chr(31), {named}))"


def _columns(
    records: Sequence[RecordType], recorded_at: datetime, with_parts: bool = False
) -> list[str]:
    """The select list of the table `read`, from `typed(file_no, payload, broken, file, r)`.

    `with_parts` adds `belongs_to`: the records, as type/key, that a record is a part of.
    """
    now = f"timestamp '{recorded_at:%Y-%m-%d %H:%M:%S.%f}'"
    slots = max((len(record.identifiers) for record in records), default=0)
    checks = dict.fromkeys(name for record in records for name in record.checks)
    occurred = _by_type(records, lambda r: r.occurred_at, "timestamp")
    occurrences = _by_type(records, lambda r: r.occurrences, "timestamp[]")
    version = _by_type(records, lambda r: r.version, "varchar")
    rank = _by_type(records, _rank, "bigint")
    recorded = _by_type(records, lambda r: r.recorded_at, "timestamp")
    columns = [
        "file_no",
        "payload",
        "is_object",
        "broken",
        "type_no",
        _by_type(records, lambda r: times.literal(r.name), "varchar") + " as record_type",
        f"coalesce({_by_type(records, lambda r: str(r.ignore).lower(), 'boolean')}, false)"
        " as is_ignored",
        _by_type(records, lambda r: str(r.schema_version), "integer") + " as schema_version",
        _by_type(records, lambda r: r.key, "varchar") + " as record_key",
        f"{version} as record_version",
        f"coalesce({rank}, 0) as version_rank",
        f"{version} is null or {rank} is not null as has_comparable_version",
        f"{occurred} as occurred_at",
        f"list_max(list_filter({occurrences}, lambda x: x <= {now})) as last_occurrence"
        if any(record.occurrences for record in records)
        else f"case when occurred_at <= {now} then occurred_at end as last_occurrence",
        f"least(coalesce({recorded}, {now}), {now}) as recorded_at",
        "length(record_key) as key_length",
        "epoch_us(occurred_at) // 86400000000 as occurred_day",
        f"(epoch_us(occurred_at) - epoch_us({now}) + 3599999999) // 3600000000 as hours_ahead",
        f"{_by_type(records, _flags, 'varchar[]')} as flags",
    ]
    if with_parts:
        columns.append(f"{_by_type(records, _belongs, 'varchar[]')} as belongs_to")
    for i in range(slots):
        columns.append(
            f"nullif(trim({_by_type(records, lambda r, i=i: _identifier(r, i, True), 'varchar')})"
            f", '') as raw_{i}"
        )
        columns.append(
            f"{_by_type(records, lambda r, i=i: _identifier(r, i, False), 'varchar')} as type_{i}"
        )
    for name in checks:
        columns.append(_by_type(records, lambda r, n=name: r.checks.get(n), None) + f" as {name}")
    return columns


def _by_type(records: Sequence[RecordType], expression, sql_type: str | None) -> str:
    """`expression` of the record type that a line is of; without a `case` where there is one."""
    said = [expression(record) for record in records]
    cast = f"::{sql_type}" if sql_type else ""
    if len(set(said)) == 1 and said[0] is not None:
        return f"({said[0]}){cast}"
    cases = " ".join(
        f"when {number} then {text}" for number, text in enumerate(said) if text is not None
    )
    return f"(case type_no {cases} end){cast}" if cases else f"null{cast}"


def _choose_type(records: Sequence[RecordType]) -> str:
    cases = " ".join(f"when {record.where} then {n}" for n, record in enumerate(records))
    return f"(case when not is_object then null {cases} end)"


def _rank(record: RecordType) -> str | None:
    if record.version is None:
        return None
    if record.version_type == "time":
        return f"epoch_us({times.instant(record.version)})"
    if record.version_type == "number":
        return f"try_cast({record.version} as bigint)"
    return "0"


def _flags(record: RecordType) -> str:
    if not record.flags:
        return "[]"
    said = ", ".join(
        f"case when {sql} then {times.literal(name)} end" for name, sql in record.flags.items()
    )
    return f"list_filter([{said}], lambda x: x is not null)"


def _belongs(record: RecordType) -> str:
    said = ", ".join(f"'{type}/' || ({key})" for type, key in record.part_of.items())
    return f"list_filter([{said}]::varchar[], lambda x: x is not null)"


def _identifier(record: RecordType, slot: int, is_value: bool) -> str | None:
    if slot >= len(record.identifiers):
        return None
    said = record.identifiers[slot]
    return said.value if is_value else said.type_from or times.literal(said.type)


def _file_names(files: Sequence[File]) -> str:
    if len(files) == 1:
        return times.literal(files[0].name)
    numbers = "[" + ", ".join(str(file.number) for file in files) + "]"
    names = "[" + ", ".join(times.literal(file.name) for file in files) + "]"
    return f"map({numbers}, {names})[file_no]"


def _structure(source: Source) -> str:
    """The JSON structure of all fields that the record types read."""
    return readers.structure(
        {
            tuple(path.split(".")) if isinstance(path, str) else path
            for record in source.records
            for path in record.fields
        }
    )
