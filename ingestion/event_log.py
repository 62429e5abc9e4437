"""The event log: write-once Parquet files in one place, one a batch, never changed."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.erased import Register
from ingestion.store import Place, Store, Stored, at

SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("source", pa.string()),
        ("record_type", pa.string()),
        ("record_key", pa.string()),
        ("record_version", pa.string()),
        ("version_rank", pa.int64()),
        ("occurred_at", pa.timestamp("us")),
        ("recorded_at", pa.timestamp("us")),
        ("batch_id", pa.string()),
        ("schema_version", pa.int32()),
        (
            "identifiers",
            pa.list_(
                pa.struct([("type", pa.string()), ("hash", pa.string()), ("problem", pa.string())])
            ),
        ),
        ("flags", pa.list_(pa.string())),
        ("payload", pa.string()),
    ]
)
HEADER = "batch"  # the record type of the first row of every batch: what the batch is


@dataclass(frozen=True)
class Header:
    """The first row of a batch: which files it holds, until when it speaks, and its mapping.

    `kept_out` counts the records of erased people that its files brought.
    """

    source: str
    batch_id: str
    recorded_at: datetime
    covers_until: datetime | None
    files: tuple[dict, ...]
    events: int
    ignored: int
    mapping: dict | None
    kept_out: int = 0

    def digests(self) -> list[str]:
        """The sha256 of its files, as they were read and as an erasure left them."""
        return [
            sha256
            for file in self.files
            for sha256 in (file["sha256"], *file.get("erased_sha256", ()))
        ]

    def clean_digests(self) -> set[str]:
        """The sha256 of those of its files that hold nobody who was erased, or no more."""
        return {
            sha256
            for file in self.files
            for sha256 in file.get("erased_sha256", () if self.kept_out else [file["sha256"]])
        }

    def payload(self) -> str:
        """The header as the JSON text that the log keeps."""
        until = self.covers_until.isoformat(sep=" ") if self.covers_until else None
        return json.dumps(
            {
                "covers_until": until,
                "files": list(self.files),
                "events": self.events,
                "ignored": self.ignored,
                "kept_out": self.kept_out,
                "mapping": self.mapping,
            },
            sort_keys=True,
            ensure_ascii=False,
        )


@dataclass(frozen=True)
class EventLog:
    """The log in one place. Appending is all that can be done to it, but for an erasure."""

    place: Place

    @cached_property
    def store(self) -> Store:
        """Where its files are kept."""
        return at(self.place)

    def shared(self) -> AbstractContextManager[None]:
        """Append beside others, and while nothing is being erased."""
        return self.store.shared()

    def alone(self) -> AbstractContextManager[None]:
        """Hold the log alone, for an erasure: waits until nobody appends."""
        return self.store.alone()

    def open(self) -> None:
        """Make the place, with one empty batch of the log's schema, so that it can be read."""
        self.store.open()
        if not self.batches("none"):
            fresh = self.scratch("none", "empty")
            pq.write_table(SCHEMA.empty_table(), fresh)
            self.append("none", "empty", fresh)

    def append(self, source: str, batch_id: str, fresh: Path) -> bool:
        """Put the finished file `fresh` into the log. False: the batch was there already.

        That refuses to overwrite, so a retry is harmless and a batch is there whole or not.
        """
        return self.store.put_new(key_of(source, batch_id), fresh)

    def scratch(self, source: str, batch_id: str) -> Path:
        """A path for the unfinished batch, that no reader sees."""
        return self.store.scratch(key_of(source, batch_id))

    def batches(self, source: str | None = None) -> list[Stored]:
        """The files of the log, or of one source, by name."""
        return self.store.files(key_of(source or "*", "*"))

    def addresses(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        """By what this connection reads the batches, by name."""
        self.store.readable(connection)
        return [batch.address for batch in self.batches()]

    def headers(self, source: str | None = None) -> list[Header]:
        """The header of every batch, in the order (recorded_at, batch_id)."""
        batches = self.batches(source)
        if not batches:
            return []
        with duckdb.connect() as connection:
            self.store.readable(connection)
            rows = connection.execute(
                "select source, batch_id, recorded_at, payload from "
                "read_parquet(?, hive_partitioning = false) where record_type = ? "
                "order by recorded_at, batch_id",
                [[batch.address for batch in batches], HEADER],
            ).fetchall()
        return [_header(*row) for row in rows]

    def position(self) -> str:
        """A digest of the names of all batches, and of who was erased from them: changes exactly
        when the log has grown, or somebody was erased."""
        names = [batch.key for batch in self.batches()]
        names += sorted(Register.of(self.place).hashes())
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]


def batch_id(source: str, parts: Iterable[str]) -> str:
    """The name of a batch: a function of its source and content, never of a clock."""
    return hashlib.sha256("\x1f".join([source, *parts]).encode()).hexdigest()[:32]


def _header(source: str, name: str, recorded_at: datetime, payload: str) -> Header:
    said = json.loads(payload)
    until = said["covers_until"]
    return Header(
        source=source,
        batch_id=name,
        recorded_at=recorded_at,
        covers_until=datetime.fromisoformat(until) if until else None,
        files=tuple(said["files"]),
        events=said["events"],
        ignored=said["ignored"],
        mapping=said["mapping"],
        kept_out=said.get("kept_out", 0),
    )


def source_of(batch: Stored) -> str:
    """The source that a batch is of."""
    return batch.folder.removeprefix("source=")


def key_of(source: str, batch_id: str) -> str:
    """Where in the log the batch `batch_id` of `source` is, or will be."""
    return f"source={source}/{batch_id}.parquet"
