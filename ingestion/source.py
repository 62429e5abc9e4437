"""What a source must be: where its records are, and how each becomes an event.

All expressions are SQL over the record `r`, a struct of the JSON `fields` that are read at
the gate (each as text, so that a wrong type is seen and not turned into a NULL), and `file`,
the path of the file below the source's landing folder. A field is a dotted path, or a tuple
of names where a name may hold a dot. `occurrences` lists the times of a record that tells of
several; `occurred_at` is the first. `part_of` says for a record that names nobody which record it
is a part of, key by record type: it is erased with that one. Where the reader numbers its records,
`number` is the record's, from 1.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import duckdb


@dataclass(frozen=True)
class File:
    """One landed file: its number in the batch, where it is, what it is called, what is in it.

    `name` is its path below the landing place of its source.
    """

    number: int
    path: Path
    name: str
    sha256: str


# Fills a relation lines(file_no int, payload varchar): one JSON object a record, in file order;
# a record that is not JSON comes with a NULL payload and its text in `broken`, if the relation
# has that column. Raises UnreadableFile for a file that cannot be read as a whole.
Reader = Callable[[duckdb.DuckDBPyConnection, Sequence[File]], None]


@dataclass(frozen=True)
class Identifier:
    """A name a source gives to a person. `email` and `phone` are normalised, others trimmed.

    `type` is a constant or, where each record names its own, SQL in `type_from`.
    """

    type: str
    value: str
    type_from: str | None = None


@dataclass(frozen=True)
class RecordType:
    """One kind of record of a source, and how its key, version, time and people are found."""

    name: str
    fields: tuple[str | tuple[str, ...], ...]
    key: str
    occurred_at: str
    version: str | None = None
    version_type: str = "time"
    where: str = "true"
    recorded_at: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    ignore: bool = False
    schema_version: int = 1
    occurrences: str | None = None
    part_of: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """A system of record, whose files are those in its landing folder that fit `pattern`.

    `mapping` is the description of a mapped source; it goes into the log, so that the warehouse
    can be rebuilt from the log alone. `expectations` names the module of its suites (default:
    the source's own).
    """

    name: str
    channel: str
    records: tuple[RecordType, ...]
    read: Reader
    pattern: tuple[str, ...] = ("**/*",)
    mapping: Mapping[str, object] | None = None
    expectations: str | None = None

    def suites(self) -> Mapping[str, list]:
        """The expectations of each record type. Imported here: Great Expectations takes seconds."""
        suites = import_module(self.expectations or f"expectations.{self.name}").SUITES
        return suites(self) if callable(suites) else suites
