"""The event log: a folder of write-once Parquet files, one a batch, never changed."""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.erased import Register

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
    """The log in one folder. Appending is all that can be done to it, but for an erasure."""

    folder: Path

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Append beside others, and while nothing is being erased."""
        with self._lock(fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the log alone, for an erasure: waits until nobody appends."""
        with self._lock(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / ".lock", "a") as lock:
            fcntl.flock(lock, kind)
            yield

    def open(self) -> None:
        """Make the folder, with one empty batch of the log's schema, so that it can be read."""
        empty = self.folder / "source=none" / "empty.parquet"
        if not empty.exists():
            empty.parent.mkdir(parents=True, exist_ok=True)
            fresh = empty.with_name(f".empty.{os.getpid()}")
            pq.write_table(SCHEMA.empty_table(), fresh)
            _link(fresh, empty)

    def path(self, source: str, batch_id: str) -> Path:
        """Where the batch `batch_id` of `source` is, or will be."""
        return self.folder / f"source={source}" / f"{batch_id}.parquet"

    def append(self, source: str, batch_id: str, fresh: Path) -> bool:
        """Link the finished file `fresh` into the log. False: the batch was there already.

        Linking refuses to overwrite, so a retry is harmless and a batch is there whole or not.
        """
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        return _link(fresh, self.path(source, batch_id))

    def scratch(self, source: str, batch_id: str) -> Path:
        """A path for the unfinished batch, on the same file system, that no reader sees."""
        folder = self.folder / f"source={source}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f".{batch_id}.{os.getpid()}"

    def replace(self, path: Path, fresh: Path) -> None:
        """Put the finished file `fresh` in the place of a batch. For an erasure alone."""
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(fresh, path)
        _flush(path.parent)

    def batches(self, source: str | None = None) -> list[Path]:
        """The files of the log, or of one source, by name."""
        return sorted(self.folder.glob(f"source={source or '*'}/*.parquet"))

    def headers(self, source: str | None = None) -> list[Header]:
        """The header of every batch, in the order (recorded_at, batch_id)."""
        paths = self.batches(source)
        if not paths:
            return []
        with duckdb.connect() as connection:
            rows = connection.execute(
                "select source, batch_id, recorded_at, payload from "
                "read_parquet(?, hive_partitioning = false) where record_type = ? "
                "order by recorded_at, batch_id",
                [[str(path) for path in paths], HEADER],
            ).fetchall()
        return [_header(*row) for row in rows]

    def position(self) -> str:
        """A digest of the names of all batches, and of who was erased from them: changes exactly
        when the log has grown, or somebody was erased."""
        names = [f"{path.parent.name}/{path.name}" for path in self.batches()]
        names += sorted(Register.of(self.folder).hashes())
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


def _link(fresh: Path, final: Path) -> bool:
    try:
        os.link(fresh, final)
    except FileExistsError:
        return False
    finally:
        fresh.unlink()
    _flush(final.parent)
    return True


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
