"""Writes an event log by hand, so that a warehouse can be built from events made up in a test."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TIME = pa.timestamp("us")
IDENTIFIER = pa.struct([("type", pa.string()), ("hash", pa.string()), ("problem", pa.string())])
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("source", pa.string()),
        ("record_type", pa.string()),
        ("record_key", pa.string()),
        ("record_version", pa.string()),
        ("version_rank", pa.int64()),
        ("occurred_at", TIME),
        ("recorded_at", TIME),
        ("batch_id", pa.string()),
        ("schema_version", pa.int32()),
        ("identifiers", pa.list_(IDENTIFIER)),
        ("flags", pa.list_(pa.string())),
        ("payload", pa.string()),
    ]
)


@dataclass(frozen=True)
class Event:
    """One event of a made-up log; identifiers are (type, value) pairs, hashed without a key."""

    source: str
    record_type: str
    record_key: str
    occurred_at: datetime
    recorded_at: datetime
    identifiers: Sequence[tuple[str, str]] = ()
    payload: dict = field(default_factory=dict)
    record_version: str | None = None
    version_rank: int = 0

    @property
    def event_id(self) -> str:
        parts = (self.source, self.record_type, self.record_key, self.record_version or "")
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def hashed(identifier_type: str, value: str) -> str:
    """The hash that `write_batch` gives an identifier: 32 hexadecimal digits."""
    return hashlib.sha256(f"{identifier_type}\x1f{value}".encode()).hexdigest()[:32]


def write_batch(
    log: Path, batch_id: str, events: Sequence[Event], covers_until: datetime | None = None
) -> None:
    """Append one batch per source, each with its header row; an empty batch is a header alone.

    `covers_until` is by default the greatest occurrence among the events.
    """
    for source in sorted({event.source for event in events}):
        own = [event for event in events if event.source == source]
        until = covers_until or max(event.occurred_at for event in own)
        name = f"{source}-{batch_id}"
        rows = [_row(event, name) for event in own] + [_header(source, name, until, own)]
        folder = log / f"source={source}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, SCHEMA), folder / f"{name}.parquet")


def _row(event: Event, batch_id: str) -> dict:
    return {
        "event_id": event.event_id,
        "source": event.source,
        "record_type": event.record_type,
        "record_key": event.record_key,
        "record_version": event.record_version,
        "version_rank": event.version_rank,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "batch_id": batch_id,
        "schema_version": 1,
        "identifiers": [
            {"type": type_, "hash": hashed(type_, value), "problem": None}
            for type_, value in event.identifiers
        ],
        "flags": [],
        "payload": json.dumps(event.payload),
    }


def _header(source: str, batch_id: str, until: datetime, events: Sequence[Event]) -> dict:
    return {
        "event_id": hashlib.sha256(batch_id.encode()).hexdigest(),
        "source": source,
        "record_type": "batch",
        "record_key": batch_id,
        "record_version": None,
        "version_rank": 0,
        "occurred_at": until,
        "recorded_at": max(event.recorded_at for event in events),
        "batch_id": batch_id,
        "schema_version": 1,
        "identifiers": [],
        "flags": [],
        "payload": json.dumps(
            {
                "covers_until": until.isoformat(),
                "events": len(events),
                "files": [],
                "ignored": 0,
                "mapping": None,
            }
        ),
    }
