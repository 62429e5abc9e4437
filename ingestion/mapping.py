"""A mapping.yml, read and checked: any CSV, NDJSON or Parquet described with no code.

Whatever is wrong is refused with the file, the line, the key and what would be allowed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from ingestion.errors import MappingError

FORMATS = ("csv", "ndjson", "parquet")
VERSION_TYPES = ("time", "number", "text")
PROMISE_EVENTS = (
    "made", "revised", "kept_internally", "kept", "notified",
    "cancelled_by_customer", "cancelled_by_company",
)  # fmt: skip
PROMISE_KINDS = (
    "delivery", "pickup", "callback", "appointment", "reply", "resolution", "task", "refund",
    "handover", "other",
)  # fmt: skip
# Whom an interaction is with: somebody outside, or somebody of the company.
PARTIES = ("external", "internal")
UNITS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}

TIME_TARGETS = ("occurred_at", "due_at")
FLAG_TARGETS = ("moment_of_truth", "context_carried", "automated", "marketing", "delivered",
                "needs_notice")  # fmt: skip
TEXT_TARGETS = (
    "channel", "touchpoint", "signal", "kind", "direction", "issue", "phase", "promise",
    "promise_id", "promise_kind", "calendar", "conversation", "location", "employee", "outcome",
    "reason", "party",
)  # fmt: skip
TARGETS = (*TIME_TARGETS, *FLAG_TARGETS, *TEXT_TARGETS, "measure", "subject")
INTERACTION_KEYS = (*TARGETS, "if", "optional")
RECORD_KEYS = (
    "files", "format", "delimiter", "time_zone", "empty", "key", "version", "immutable",
    "recorded_at", "customer", "identifiers", "interactions",
)  # fmt: skip
FIELD_KEYS = (
    "column",
    "columns",
    "value",
    "format",
    "time_zone",
    "unit",
    "date",
    "values",
    "prefix",
)
SINCE_KEYS = ("since", "format", "time_zone")
CONDITION_KEYS = ("in", "not_in", "present", "by", "after", "format", "time_zone")
ALLOWED_VALUES = {
    "phase": ("before", "beginning", "during", "after"),
    "direction": ("inbound", "outbound", "internal"),
    "promise": PROMISE_EVENTS,
    "promise_kind": PROMISE_KINDS,
    "party": PARTIES,
}


@dataclass(frozen=True)
class Field:
    """Where a value comes from: a column of the row, several with a blank between, or a constant.

    `is_since`: the value is the time that passed from the column's to the interaction's own.
    """

    columns: tuple[str, ...] = ()
    value: str | None = None
    format: str | None = None  # strptime, or epoch_s, epoch_ms, epoch_us; None: ISO 8601
    time_zone: str | None = None
    unit: str | None = None
    is_date: bool = False
    values: tuple[tuple[str, str | None], ...] = ()  # as exported, as meant; None: nothing
    prefix: str = ""
    is_since: bool = False


@dataclass(frozen=True)
class Condition:
    """Which rows give the interaction: those whose column holds one of the values.

    Or whose `time` is not later than `by`, read as a due; or is later than `after`.
    """

    column: str
    is_in: tuple[str, ...] | None = None
    is_not_in: tuple[str, ...] | None = None
    is_present: bool | None = None
    time: Field | None = None
    by: Field | None = None
    after: Field | None = None


@dataclass(frozen=True)
class Interaction:
    """One interaction that a row gives. `is_optional`: it is absent where its time is empty."""

    fields: tuple[tuple[str, Field], ...]
    subject_type: str | None
    conditions: tuple[Condition, ...]
    is_optional: bool

    def field(self, target: str) -> Field | None:
        """Where `target` comes from, if the mapping says."""
        return dict(self.fields).get(target)


@dataclass(frozen=True)
class Record:
    """One kind of row: its files, its key, its people and its interactions."""

    name: str
    files: tuple[str, ...]
    format: str
    delimiter: str | None
    time_zone: str | None
    empty: tuple[str, ...]
    key: tuple[str, ...]
    version: Field | None
    version_type: str
    recorded_at: Field | None
    identifiers: tuple[tuple[str, Field], ...]
    interactions: tuple[Interaction, ...]

    def columns(self) -> tuple[str, ...]:
        """Every column that is read, each once, sorted."""
        fields = [field for _, field in self.identifiers]
        fields += [field for field in (self.version, self.recorded_at) if field]
        used = set(self.key)
        for interaction in self.interactions:
            fields += [field for _, field in interaction.fields]
            for condition in interaction.conditions:
                used.add(condition.column)
                fields += [field for field in (condition.by, condition.after) if field]
        return tuple(sorted(used.union(*(field.columns for field in fields))))


@dataclass(frozen=True)
class SourceMapping:
    """A whole mapping: the description as it stands in the log, and its records."""

    source: str
    said: Mapping[str, Any]
    records: tuple[Record, ...]


def read(source: str, content: bytes) -> SourceMapping:
    """Read and check the mapping.yml of `source`, the name of its folder.

    Raises MappingError with the line, the key and the allowed values.
    """
    place = f"{source}/mapping.yml"
    try:
        text = content.decode("utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise MappingError(f"{place}{where}: not YAML: {said}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{place}: is not UTF-8 text: save it as UTF-8") from error
    lines = dict(_lines(node, ())) if node else {}
    return parse(source, said, _Place(place, lines))


def parse(source: str, said: Any, place: "_Place | None" = None) -> SourceMapping:
    """Check a mapping that is read already, as the log holds it. Raises MappingError."""
    place = place or _Place(f"{source}/mapping.yml", {})
    if not isinstance(said, dict):
        raise place.error((), "a mapping is a list of keys and values", RECORD_KEYS)
    if "records" in said:
        shared = {key: said[key] for key in ("time_zone", "empty") if key in said}
        place.known((), said, ("records", "description", "time_zone", "empty"))
        records = place.mapping(("records",), said["records"])
        read = tuple(
            _record(str(name), value, ("records", name), place, shared)
            for name, value in records.items()
        )
    else:
        body = {key: value for key, value in said.items() if key != "description"}
        read = (_record("row", body, (), place, {}),)
    return SourceMapping(source, said, read)


class _Place:
    """Where in the file a key stands, for errors."""

    def __init__(self, file: str, lines: Mapping[tuple, int]) -> None:
        self._file = file
        self._lines = lines

    def error(self, path: tuple, problem: str, allowed=()) -> MappingError:
        known = path
        while known and known not in self._lines:
            known = known[:-1]
        line = f", line {self._lines[known]}" if known in self._lines else ""
        key = ".".join(str(part) for part in path) or "(the whole file)"
        hint = f" Allowed: {', '.join(str(a) for a in allowed)}." if allowed else ""
        return MappingError(f"{self._file}{line}, {key}: {problem}.{hint}")

    def known(self, path: tuple, said: Mapping, allowed) -> None:
        for key in said:
            if key not in allowed:
                raise self.error((*path, key), f"unknown key {key!r}", allowed)

    def mapping(self, path: tuple, said: Any) -> dict:
        if not isinstance(said, dict) or not said:
            raise self.error(path, "must hold keys and values")
        return said

    def one_of(self, path: tuple, value: Any, allowed) -> str:
        if value not in allowed:
            raise self.error(path, f"{value!r} is not allowed", allowed)
        return value

    def text(self, path: tuple, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise self.error(path, "must be a column")
        return value

    def zone_of(self, path: tuple, said: Mapping) -> None:
        if said.get("time_zone") is not None:
            self.zone((*path, "time_zone"), said["time_zone"])

    def zone(self, path: tuple, value: Any) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, TypeError) as error:
            raise self.error(
                path, f"{value!r} is not an IANA time zone such as Europe/Berlin"
            ) from error
        return value


def _record(name: str, said: Any, path: tuple, place: _Place, shared: Mapping) -> Record:
    place.known(path, place.mapping(path, said), RECORD_KEYS)
    said = {**shared, **said}
    if "files" not in said:
        raise place.error(path, "`files` is missing: the pattern of the files, such as '*.csv'")
    files = said["files"] if isinstance(said["files"], list) else [said["files"]]
    for pattern in files:
        if not isinstance(pattern, str) or pattern.startswith("/") or ".." in pattern:
            raise place.error((*path, "files"), f"{pattern!r} is not a pattern below the folder")
    zone = said.get("time_zone")
    place.zone_of(path, said)
    version, version_type = _version(said, path, place, zone)
    interactions = said.get("interactions", [])
    if not isinstance(interactions, list):
        raise place.error((*path, "interactions"), "must be a list, one entry an interaction")
    identifiers = _identifiers(said, path, place)
    if not interactions and not identifiers:
        raise place.error(path, "gives neither `interactions` nor `identifiers`")
    return Record(
        name=name,
        files=tuple(files),
        format=place.one_of((*path, "format"), said.get("format", "csv"), FORMATS),
        delimiter=said.get("delimiter"),
        time_zone=zone,
        empty=_texts(said.get("empty"), (*path, "empty"), place) or (),
        key=_key(said.get("key"), (*path, "key"), place),
        version=version,
        version_type=version_type,
        recorded_at=(
            _field("recorded_at", said["recorded_at"], (*path, "recorded_at"), place)
            if "recorded_at" in said
            else None
        ),
        identifiers=identifiers,
        interactions=tuple(
            _interaction(one, (*path, "interactions", number), place)
            for number, one in enumerate(interactions)
        ),
    )


def _key(said: Any, path: tuple, place: _Place) -> tuple[str, ...]:
    if said is None:
        return ()
    columns = said if isinstance(said, list) else [said]
    names = [one.get("column") if isinstance(one, dict) else one for one in columns]
    if not all(isinstance(name, str) and name for name in names):
        raise place.error(path, "must be a column, or a list of columns")
    return tuple(str(name) for name in names)


def _version(said: Mapping, path: tuple, place: _Place, zone) -> tuple[Field | None, str]:
    if "version" not in said:
        return None, "text"
    if said.get("immutable"):
        raise place.error((*path, "immutable"), "a record with a `version` is not immutable")
    value = said["version"]
    kind = "time"
    if isinstance(value, dict) and "type" in value:
        kind = place.one_of((*path, "version", "type"), value["type"], VERSION_TYPES)
        value = {key: one for key, one in value.items() if key != "type"}
    return _field("version", value, (*path, "version"), place), kind


def _identifiers(said: Mapping, path: tuple, place: _Place) -> tuple[tuple[str, Field], ...]:
    found = []
    if "customer" in said:
        found.append(("customer", _field("customer", said["customer"], (*path, "customer"), place)))
    listed = said.get("identifiers", [])
    if not isinstance(listed, list):
        raise place.error((*path, "identifiers"), "must be a list of {type, column}")
    for number, one in enumerate(listed):
        here = (*path, "identifiers", number)
        place.mapping(here, one)
        place.known(here, one, ("type", "column", "values", "prefix"))
        if not isinstance(one.get("type"), str) or not isinstance(one.get("column"), str):
            raise place.error(here, "needs a `type` (such as email) and a `column`")
        rest = {key: value for key, value in one.items() if key != "type"}
        found.append((one["type"], _field("identifiers", rest, here, place)))
    return tuple(found)


def _interaction(said: Any, path: tuple, place: _Place) -> Interaction:
    said = place.mapping(path, said)
    place.known(path, said, INTERACTION_KEYS)
    if "occurred_at" not in said:
        raise place.error(path, "`occurred_at` is missing: when it happened")
    if "touchpoint" not in said:
        raise place.error(path, "`touchpoint` is missing: where it happened, such as store.counter")
    subject_type = "issue" if "issue" in said else None
    fields: dict[str, Field] = {}
    for target in TARGETS:
        if target not in said:
            continue
        value, here = said[target], (*path, target)
        if target == "subject":
            value = place.mapping(here, value)
            place.known(here, value, ("type", "key"))
            subject_type = value.get("type")
            if not isinstance(subject_type, str) or "key" not in value:
                raise place.error(here, "needs a `type` (such as order) and a `key`")
            fields["issue"] = _field("issue", value["key"], (*here, "key"), place)
        else:
            fields[target] = _field(target, value, here, place)
    if "promise" in fields and "signal" in fields:
        raise place.error(
            (*path, "promise"),
            "a row that states a `signal` is scored as it stands; use one of the two",
        )
    if "promise" in fields and "promise_id" not in fields:
        raise place.error((*path, "promise"), "needs a `promise_id`")
    return Interaction(
        fields=tuple(fields.items()),
        subject_type=subject_type,
        conditions=_conditions(said.get("if"), (*path, "if"), place),
        is_optional=bool(said.get("optional", False)),
    )


def _conditions(said: Any, path: tuple, place: _Place) -> tuple[Condition, ...]:
    if said is None:
        return ()
    found = []
    for column, value in place.mapping(path, said).items():
        here = (*path, column)
        if isinstance(value, dict):
            place.known(here, value, CONDITION_KEYS)
            place.zone_of(here, value)
            other = {
                key: _field(key, value[key], (*here, key), place)
                for key in ("by", "after")
                if key in value
            }
            found.append(
                Condition(
                    str(column),
                    _texts(value.get("in"), here, place),
                    _texts(value.get("not_in"), here, place),
                    value.get("present"),
                    Field(
                        (str(column),),
                        format=value.get("format"),
                        time_zone=value.get("time_zone"),
                    ),
                    **other,
                )
            )
        else:
            found.append(Condition(str(column), _texts(value, here, place)))
    return tuple(found)


def _texts(said: Any, path: tuple, place: _Place) -> tuple[str, ...] | None:
    if said is None:
        return None
    values = said if isinstance(said, list) else [said]
    if not all(isinstance(value, str | int | float | bool) for value in values):
        raise place.error(path, "must be a value or a list of values")
    return tuple(_text(value) for value in values)


def _field(target: str, said: Any, path: tuple, place: _Place) -> Field:
    if isinstance(said, str):
        return Field(columns=(said,))
    if isinstance(said, bool | int | float):
        return Field(value=_text(said))
    if not isinstance(said, dict):
        raise place.error(path, "must be a column, or {column: …}, or {value: …}")
    if target == "measure" and "since" in said:
        place.known(path, said, SINCE_KEYS)
        place.zone_of(path, said)
        return Field(
            columns=(place.text((*path, "since"), said["since"]),),
            format=said.get("format"),
            time_zone=said.get("time_zone"),
            is_since=True,
        )
    place.known(path, said, FIELD_KEYS)
    if sum(key in said for key in ("column", "columns", "value")) != 1:
        raise place.error(path, "needs either `column`, `columns` or `value`")
    if "value" in said and target in ALLOWED_VALUES:
        place.one_of((*path, "value"), said["value"], ALLOWED_VALUES[target])
    if "unit" in said:
        place.one_of((*path, "unit"), said["unit"], tuple(UNITS))
    place.zone_of(path, said)
    values = said.get("values", {})
    if not isinstance(values, dict):
        raise place.error((*path, "values"), "must be {as exported: as meant}")
    for value in values.values():
        if target in ALLOWED_VALUES and value is not None:
            place.one_of((*path, "values"), value, ALLOWED_VALUES[target])
    return Field(
        columns=_columns_of(said, path, place),
        value=_text(said["value"]) if said.get("value") is not None else None,
        format=said.get("format"),
        time_zone=said.get("time_zone"),
        unit=said.get("unit"),
        is_date=bool(said.get("date", False)),
        values=tuple(
            (_text(key), None if value is None else _text(value)) for key, value in values.items()
        ),
        prefix=said.get("prefix", ""),
    )


def _columns_of(said: Mapping, path: tuple, place: _Place) -> tuple[str, ...]:
    listed = said.get("columns", [said["column"]] if "column" in said else [])
    if not isinstance(listed, list) or ("columns" in said and not listed):
        raise place.error((*path, "columns"), "must be a list of columns")
    return tuple(
        place.text((*path, "columns" if "columns" in said else "column"), one) for one in listed
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lines(node: yaml.Node, path: tuple) -> Iterator[tuple[tuple, int]]:
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            here = (*path, key.value)
            if here in seen:
                raise MappingError(
                    f"line {key.start_mark.line + 1}: the key {key.value!r} stands twice"
                )
            seen.add(here)
            yield from _lines(value, here)
            yield here, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _lines(value, (*path, number))
