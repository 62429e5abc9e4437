"""Sources described by a mapping.yml in their landing folder: CSV, NDJSON or Parquet, no code.

A mapping is compiled once into SQL over the row `r`. The gate uses it for keys, times, people
and checks; staging uses the same SQL for the meaning, so the two cannot disagree.
"""

import fnmatch
import re
from collections.abc import Sequence
from typing import Any

import duckdb

from expectations import catalogue
from ingestion import mapping as described
from ingestion import readers, times
from ingestion.errors import MappingError, UnreadableFile
from ingestion.event_log import EventLog
from ingestion.mapping import UNITS, Condition, Field, Interaction, Record, SourceMapping
from ingestion.settings import Settings
from ingestion.source import File, Identifier, RecordType, Source
from ingestion.store import at
from ingestion.times import literal

FILE_NAME = "mapping.yml"
TRUE = ("true", "t", "yes", "y", "1", "1.0")  # 1.0: a column of 0 and 1 with gaps, from pandas
CONTACTS = ("contacted", "replied", "visited", "called_back", "called")
NO_TEXT = "null::varchar"
CUSTOMER = "customer"  # the type of a customer id of the log's own
SINCE_EVER = "timestamp '1990-01-01'"  # a row that only says who is who


def mapped_names(settings: Settings) -> list[str]:
    """The names of the sources that have a mapping in the landing folder."""
    return sorted(file.folder for file in at(settings.landing).files(f"*/{FILE_NAME}"))


def mapped_source(name: str, settings: Settings) -> Source:
    """The source that the mapping of `name` describes. Raises MappingError for a mistake in it."""
    store = at(settings.landing)
    key = f"{name}/{FILE_NAME}"
    try:
        text = store.read(key)
    except FileNotFoundError as error:
        missing = f"{store.address(key)} is not there"
        raise MappingError(f"{name}: no source of this name ships, and {missing}") from error
    return source_of(described.read(name, text))


def source_of(mapping: SourceMapping) -> Source:
    """The source that a mapping describes. Raises MappingError where its folder names none."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,60}", mapping.source):
        raise MappingError(
            f"{mapping.source}: a source is named by its folder: lower-case letters, digits and '_'"
        )
    return Source(
        name=mapping.source,
        channel="mapped",
        records=tuple(_record_type(record) for record in mapping.records),
        read=_reader(mapping.records),
        pattern=tuple(f"**/{pattern}" for record in mapping.records for pattern in record.files),
        mapping=dict(mapping.said),
        expectations="expectations.mapped",
    )


def staging(log: EventLog) -> list[dict[str, Any]]:
    """What staging needs of every mapped source in the log: the newest mapping of each, as SQL.

    One entry a source and record: `source`, `record`, `structure` (for json_transform), and
    `interactions`, each with its `position`, its `where` and its `columns` by name. Rows that give
    no `occurred_at` give no interaction: who reads them leaves those out.
    """
    return [
        {
            "source": source,
            "record": record.name,
            "structure": structure(record),
            "interactions": [
                {
                    "position": position,
                    "where": _where(interaction, record),
                    "columns": columns(interaction, record),
                }
                for position, interaction in enumerate(record.interactions)
            ],
        }
        for source, mapping in _newest(log).items()
        for record in mapping.records
    ]


def identifier_types(log: EventLog) -> set[str]:
    """The types of identifiers that the mapped sources in the log name."""
    return {
        type
        for mapping in _newest(log).values()
        for record in mapping.records
        for type, _ in record.identifiers
    }


def customers_are_named_by_signals(log: EventLog) -> bool:
    """Whether there are rows that name a `customer` of the log's own, and all state signals.

    Such a log is scored as it stands: its customers may be numbered from 0, or be called `test`.
    A mapping that makes signals of something else, such as a call's outcome, is none.
    """
    records = [
        record
        for mapping in _newest(log).values()
        for record in mapping.records
        if CUSTOMER in dict(record.identifiers)
    ]
    return bool(records) and all(
        record.interactions and all(_states_signals(each) for each in record.interactions)
        for record in records
    )


def _states_signals(interaction: Interaction) -> bool:
    signal = interaction.field("signal")
    return signal is not None and bool(signal.columns) and not signal.values


def _newest(log: EventLog) -> dict[str, SourceMapping]:
    newest = {
        header.source: header.mapping for header in log.headers() if header.mapping is not None
    }
    return {source: described.parse(source, newest[source]) for source in sorted(newest)}


def structure(record: Record) -> str:
    """The JSON structure of the columns of a record that are read."""
    return readers.structure(_paths(record))


def columns(interaction: Interaction, record: Record) -> dict[str, str]:
    """SQL over `r` for what an interaction says: canonical column → expression.

    Beside the canonical columns: promise_event, promise_kind, needs_notice, calendar_id, party,
    is_date, and the time zone of a due date.
    """

    def text(target: str, default: str = NO_TEXT) -> str:
        field = interaction.field(target)
        return _text(field, record) if field else default

    def flag(target: str, default: str) -> str:
        field = interaction.field(target)
        return (
            f"coalesce(lower({_text(field, record)}) in {_set(TRUE)}, {default})"
            if (field)
            else default
        )

    due = interaction.field("due_at")
    kind = text("kind", "'contacted'" if "signal" not in dict(interaction.fields) else "'stated'")
    subject = text("issue")
    conversation = text("conversation")
    return {
        "occurred_at": _time(interaction.field("occurred_at"), record),
        "channel": text("channel"),
        "touchpoint": f"coalesce({text('touchpoint')}, 'unknown')",
        "kind": kind,
        "direction": text("direction", "'inbound'"),
        "conversation_key": f"{literal(record.name)} || '/' || {conversation}"
        if interaction.field("conversation")
        else NO_TEXT,
        "subject_type": f"case when {subject} is not null then "
        f"{literal(interaction.subject_type or 'issue')} end"
        if interaction.field("issue")
        else NO_TEXT,
        "subject_key": subject,
        "phase": text("phase"),
        "is_moment_of_truth": flag("moment_of_truth", "false"),
        "is_context_carried": flag("context_carried", "false"),
        "is_automated": flag("automated", "false"),
        "is_marketing": flag("marketing", "false"),
        "is_delivered": flag("delivered", "true"),
        "is_human_contact": f"coalesce({kind} in {_set(CONTACTS)}, false)",
        "signal": text("signal"),
        "measure": _measure(interaction, record),
        "promise_id": text("promise_id"),
        "due_at": _time(due, record, is_due=True) if due else "null::timestamp",
        "location_id": text("location"),
        "employee_id": text("employee"),
        "outcome": text("outcome"),
        "reason": text("reason"),
        "promise_event": text("promise"),
        "promise_kind": text("promise_kind", "'other'"),
        "needs_notice": flag("needs_notice", "false"),
        "calendar_id": text("calendar"),
        "party": text("party"),
        "is_date": _is_date(due, record) if due else "false",
        "time_zone": literal((due.time_zone if due else None) or record.time_zone or "UTC"),
    }


def happened(interaction: Interaction, record: Record) -> str:
    """SQL over `r`: true where the row gives the interaction."""
    time = _time(interaction.field("occurred_at"), record)
    return f"({_where(interaction, record)}) and {time} is not null"


def _record_type(record: Record) -> RecordType:
    occurrences = [_occurrence(interaction, record) for interaction in record.interactions]
    happened = f"[{', '.join(occurrences)}]"
    checks: dict[str, str] = {}
    flags: dict[str, list[str]] = {"missing_local_time": [], "ambiguous_local_time": []}
    for number, interaction in enumerate(record.interactions):
        for name, sql in _checks(interaction, record).items():
            checks[f"i{number}_{name}"] = sql
        _flag(flags, interaction, record)
    occurred = f"list_min({happened})" if occurrences else SINCE_EVER
    if occurrences and all(interaction.conditions for interaction in record.interactions):
        taken = " or ".join(f"({_where(i, record)})" for i in record.interactions)
        occurred = f"case when {taken} then {occurred} else {SINCE_EVER} end"
    return RecordType(
        name=record.name,
        fields=tuple(sorted(_paths(record))),
        key=_key(record),
        occurred_at=occurred,
        occurrences=happened if occurrences else None,
        version=_version(record),
        version_type=record.version_type,
        recorded_at=_time(record.recorded_at, record) if record.recorded_at else None,
        where=_file_matches(record),
        identifiers=tuple(
            Identifier(type, _text(field, record)) for type, field in record.identifiers
        ),
        checks=checks,
        flags={name: " or ".join(sql) for name, sql in flags.items() if sql},
    )


def _version(record: Record) -> str | None:
    if record.version is None:
        return None
    if record.version_type == "time":
        # as an instant with its offset, so that versions of all zones compare
        return f"strftime({_time(record.version, record)}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return _text(record.version, record)


def _key(record: Record) -> str:
    if record.key:
        parts = [_column(name, record) for name in record.key]
        return (
            parts[0] if len(parts) == 1 else "nullif(concat_ws('/', " + ", ".join(parts) + "), '')"
        )
    row = "printf('%09d', number)"
    is_one_file = len(record.files) == 1 and not set("*?[") & set(record.files[0])
    # The number first, so that it stands to other keys of its instant as it does without the file.
    return row if is_one_file else f"{row} || ':' || file"


def _occurrence(interaction: Interaction, record: Record) -> str:
    time = _time(interaction.field("occurred_at"), record)
    where = _where(interaction, record)
    return time if where == "true" else f"case when {where} then {time} end"


def _where(interaction: Interaction, record: Record) -> str:
    said = []
    for condition in interaction.conditions:
        said.append(_condition(condition, record))
    return " and ".join(said) or "true"


def _condition(condition: Condition, record: Record) -> str:
    column = _column(condition.column, record)
    said = []
    if condition.is_in is not None:
        said.append(f"coalesce({column} in {_set(condition.is_in)}, false)")
    if condition.is_not_in is not None:
        said.append(f"coalesce({column} not in {_set(condition.is_not_in)}, true)")
    if condition.is_present is not None:
        said.append(f"{column} is {'not ' if condition.is_present else ''}null")
    for other, is_later in ((condition.by, "<="), (condition.after, ">")):
        if other:
            times_compared = (
                f"{_time(condition.time, record)} {is_later} {_time(other, record, is_due=True)}"
            )
            said.append(f"coalesce({times_compared}, false)")
    return " and ".join(said) or "true"


def _checks(interaction: Interaction, record: Record) -> dict[str, str]:
    """Text values that expectations/mapped.py knows how to check; NULL where there is nothing."""
    here = _where(interaction, record)
    present = f"({here}) and {_time(interaction.field('occurred_at'), record)} is not null"

    def said(sql: str, when: str = present) -> str:
        return sql if when == "true" else f"case when {when} then {sql} end"

    checks = {"time": said(_time_state(interaction, record), here)}
    for target in (
        "signal", "phase", "direction", "promise", "promise_kind", "calendar", "party", "channel",
    ):  # fmt: skip
        field = interaction.field(target)
        if field:
            checks[target] = said(_text(field, record))
    for target in described.FLAG_TARGETS:
        field = interaction.field(target)
        if field:
            checks[target] = said(f"lower({_text(field, record)})")
    if interaction.field("signal"):
        if not interaction.field("kind"):
            # A row that says nothing else must say its signal: it would be a silent zero.
            signal = f"coalesce({_signal(interaction, record)}, 'missing')"
            checks["signal"] = said(signal)
        checks["measure"] = said(_measure_state(interaction, record))
        # A promise kept that names none is one kept without being made: it is flagged later.
        checks["promise_id"] = said(
            f"case when {_signal(interaction, record)} in ('promise.made', 'promise.updated') "
            f"and {columns(interaction, record)['promise_id']} is null "
            "then 'missing' else 'ok' end"
        )
    promise = interaction.field("promise")
    if promise:
        # A promise of nobody's would have no key, and stop every model that is built on it.
        checks["promise_id"] = said(
            f"case when {_text(promise, record)} is not null "
            f"and {columns(interaction, record)['promise_id']} is null then 'missing' else 'ok' end"
        )
    if interaction.field("due_at") or interaction.field("signal") or promise:
        checks["due"] = said(_due_state(interaction, record))
    return checks


def _time_state(interaction: Interaction, record: Record) -> str:
    field = interaction.field("occurred_at")
    raw = _raw(field, record)
    empty = "'ok'" if interaction.is_optional else "'missing'"
    return (
        f"case when {raw} is null then {empty} "
        f"when {_time(field, record)} is null then 'unreadable' else 'ok' end"
    )


def _measure_state(interaction: Interaction, record: Record) -> str:
    field = interaction.field("measure")
    raw = _raw(field, record) if field else NO_TEXT
    measured = _set([name for name, signal in catalogue.SIGNALS.items() if signal.is_measured])
    return (
        f"case when {_number(interaction, record)} < 0 then 'negative' "
        f"when coalesce({_signal(interaction, record)} not in {measured}, true) then 'ok' "
        f"when {raw} is null then 'missing' "
        f"when {_measure(interaction, record)} is null then 'not a number of this size' "
        "else 'ok' end"
    )


def _due_state(interaction: Interaction, record: Record) -> str:
    field = interaction.field("due_at")
    raw = _raw(field, record) if field else NO_TEXT
    due = _time(field, record, is_due=True) if field else "null::timestamp"
    made = f"coalesce({_signal(interaction, record)} = 'promise.made', false)"
    promise = interaction.field("promise")
    if promise:
        made = f"coalesce({_text(promise, record)} in ('made', 'revised'), false)"
    return (
        f"case when not {made} then 'ok' when {raw} is null then 'missing' "
        f"when {due} is null then 'unreadable' "
        f"when {due} < {_time(interaction.field('occurred_at'), record)} then 'before made' "
        "else 'ok' end"
    )


def _signal(interaction: Interaction, record: Record) -> str:
    field = interaction.field("signal")
    return _text(field, record) if field else NO_TEXT


def _measure(interaction: Interaction, record: Record) -> str:
    field = interaction.field("measure")
    if field is None:
        return "null::bigint"
    number = _number(interaction, record)
    in_ms = _set([name for name, signal in catalogue.SIGNALS.items() if signal.unit == "ms"])
    if field.is_since:
        millis = f"({number} // 1000)"
    elif field.unit:
        millis = f"try_cast(floor({number} * {UNITS[field.unit]}) as bigint)"
    else:
        return f"try_cast(floor({number}) as bigint)"
    return (
        f"(case when {_signal(interaction, record)} in {in_ms} then {millis} "
        f"else {millis} // 1000 end)"
    )


def _number(interaction: Interaction, record: Record) -> str:
    """The measure as it is written; of a `since`, in microseconds."""
    field = interaction.field("measure")
    if field is None:
        return "null::bigint"
    if field.is_since:
        end = _time(interaction.field("occurred_at"), record)
        return f"(epoch_us({end}) - epoch_us({_time(field, record)}))"
    return f"try_cast({_raw(field, record)} as decimal(30, 9))"


def _flag(flags: dict[str, list[str]], interaction: Interaction, record: Record) -> None:
    for target in described.TIME_TARGETS:
        field = interaction.field(target)
        zone = (field.time_zone or record.time_zone) if field else None
        if field and field.columns and zone and field.format is None:
            raw = _raw(field, record)
            flags["missing_local_time"].append(times.missing_local(raw, literal(zone)))
            flags["ambiguous_local_time"].append(times.ambiguous_local(raw, literal(zone)))


def _time(field: Field | None, record: Record, is_due: bool = False) -> str:
    assert field is not None  # a mapping without a time is refused when it is read
    raw = _raw(field, record)
    zone = (
        literal(field.time_zone or record.time_zone or "")
        if (field.time_zone or record.time_zone)
        else None
    )
    if field.format in ("epoch_s", "epoch_ms", "epoch_us"):
        build = {"epoch_s": times.epoch_seconds, "epoch_ms": times.epoch_millis}
        return build.get(field.format, times.epoch_micros)(raw)
    if is_due:
        day = times.end_of_local_day(_date_text(field, raw), zone or "'UTC'", field.format)
        moment = _moment(field, raw, zone)
        return f"case when {_is_date(field, record)} then {day} else {moment} end"
    return _moment(field, raw, zone)


def _moment(field: Field, raw: str, zone: str | None) -> str:
    if field.format:
        if "%z" in field.format:
            return f"try_strptime({raw}, {literal(field.format)})::timestamptz::timestamp"
        return times.local_format(raw, zone, field.format) if zone else "null::timestamp"
    return times.local(raw, zone) if zone else times.instant(raw)


def _date_text(field: Field, raw: str) -> str:
    return raw if field.format else f"left(trim({raw}), 10)"


def _is_date(field: Field, record: Record) -> str:
    if field.is_date:
        return "true"
    if field.format:
        has_time = field.format[:6] == "epoch_" or re.search("%-?[HIcX]", field.format)
        return "false" if has_time else "true"
    date = r"\d{4}-\d{1,2}-\d{1,2}"
    return f"coalesce(regexp_full_match(trim({_raw(field, record)}), {literal(date)}), false)"


def _text(field: Field, record: Record) -> str:
    raw = _raw(field, record)
    if field.values:
        cases = " ".join(
            f"when {literal(a)} then {'null' if b is None else literal(b)}" for a, b in field.values
        )
        raw = f"(case {raw} {cases} else {raw} end)"
    return f"{literal(field.prefix)} || {raw}" if field.prefix else raw


def _raw(field: Field | None, record: Record) -> str:
    if field is None:
        return NO_TEXT
    if not field.columns:
        return f"{literal(field.value)}::varchar" if field.value is not None else NO_TEXT
    columns = [_column(name, record) for name in field.columns]
    # Of several, one that is empty leaves nothing: half a time is none.
    return columns[0] if len(columns) == 1 else "(" + " || ' ' || ".join(columns) + ")"


def _column(name: str, record: Record) -> str:
    path = ".".join('"' + part.replace('"', '""') + '"' for part in _path(name, record))
    text = f"nullif(trim(r.{path}), '')"
    return (
        f"(case when {text} not in {_set(record.empty)} then {text} end)" if record.empty else text
    )


def _path(name: str, record: Record) -> tuple[str, ...]:
    return tuple(name.split(".")) if record.format == "ndjson" else (name,)


def _paths(record: Record) -> list[tuple[str, ...]]:
    return [_path(name, record) for name in record.columns()]


def _set(values: Sequence[str]) -> str:
    return "(" + ", ".join(literal(value) for value in values) + ")"


def _file_matches(record: Record) -> str:
    said = [
        "(.*/)?" + re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".").replace(r"\-", "-")
        for pattern in record.files
    ]
    return " or ".join(f"regexp_full_match(file, {literal(pattern)})" for pattern in said)


def _reader(records: Sequence[Record]):
    def read(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
        readers.start(connection)
        for file in files:
            record = _record_of(file, records)
            if record.format == "csv":
                readers.insert_csv(connection, file, record.delimiter, record.columns())
            elif record.format == "parquet":
                readers.insert_parquet(connection, file, record.columns())
            else:
                readers.insert_ndjson(connection, file)

    return read


def _record_of(file: File, records: Sequence[Record]) -> Record:
    for record in records:
        for pattern in record.files:
            if fnmatch.fnmatchcase(file.name, pattern) or fnmatch.fnmatchcase(
                file.path.name, pattern
            ):
                return record
    raise UnreadableFile(file.name, "no record of the mapping names this file")
