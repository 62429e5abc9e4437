"""Records to files: which file of the landing folder a record belongs to, and its exact bytes.

A record is put into a stream with the time at which the system exported it. Streams are cut
into monthly files, sorted by that time. Customers are simulated in blocks; each block closes
its files (`-part2`, `-part3`, ...), so memory follows the block and not the company.
"""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

PAGE = 1000  # records a page, as the largest that Zendesk gives

ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Encode = Callable[[Sequence[bytes]], bytes]


@dataclass(frozen=True)
class Layout:
    """Where a stream's files are and how their bytes come from records."""

    name: Callable[[str, str], str]
    encode: Encode


def to_json(record: object) -> bytes:
    """Compact JSON in the order of the record's keys."""
    return ENCODER.encode(record).encode()


def lines(records: Sequence[bytes]) -> bytes:
    """One record a line."""
    return b"".join(record + b"\n" for record in records)


def zipped_lines(records: Sequence[bytes]) -> bytes:
    """One record a line, gzip; no time and no name inside, so the same lines are the same bytes."""
    return gzip.compress(lines(records), compresslevel=3, mtime=0)


def array(records: Sequence[bytes]) -> bytes:
    """One JSON array, as a webhook posts it."""
    return b"[" + b",\n".join(records) + b"]\n"


def pages(key: str, cursor: str) -> Encode:
    """API pages `{"<key>":[...], ...}`, one a line; a file of one page is also plain JSON."""

    def encode(records: Sequence[bytes]) -> bytes:
        written = []
        for first in range(0, len(records), PAGE):
            last = first + PAGE >= len(records)
            after = f'"{cursor}{first + PAGE:08d}"'
            written.append(
                f'{{"{key}":['.encode()
                + b",".join(records[first : first + PAGE])
                + f'],"after_cursor":{after},"end_of_stream":{str(last).lower()}}}'.encode()
            )
        return lines(written)

    return encode


def csv(header: str) -> Encode:
    """A header line and one record a line."""

    def encode(records: Sequence[bytes]) -> bytes:
        return header.encode() + b"\n" + lines(records)

    return encode


def _monthly(prefix: str, suffix: str) -> Callable[[str, str], str]:
    return lambda month, part: f"{prefix}{month}{part}{suffix}"


def _whole(name: str) -> Callable[[str, str], str]:
    stem, suffix = name.rsplit(".", 1)
    return lambda month, part: f"{stem}{part}.{suffix}"


def _zipped_in_even_months(prefix: str) -> Callable[[str, str], str]:
    return lambda month, part: (
        f"{prefix}{month}{part}.ndjson" + (".gz" if int(month[-2:]) % 2 == 0 else "")
    )


def _ndjson_from_april(prefix: str) -> Callable[[str, str], str]:
    return lambda month, part: (
        f"{prefix}{month}{part}" + (".json" if int(month[-2:]) < 4 else ".ndjson")
    )


QUEUE_TICKETS = (
    "ticket_no,location_id,service,taken_at,called_at,served_at,ended_at,outcome,phone,loyalty_id"
)
APPOINTMENTS = (
    "appointment_id,customer_email,customer_phone,location_id,created_at,created_by,start_at,"
    "end_at,status,status_at,reschedule_of,requested_by"
)
STREAMS = {
    "connect": Layout(_zipped_in_even_months("connect/"), lines),
    "connect/late": Layout(_whole("connect/late.ndjson"), lines),
    "zendesk/tickets": Layout(
        _ndjson_from_april("zendesk/tickets-"), pages("tickets", "MTc2NzIyNTYwMC4w")
    ),
    "zendesk/audits": Layout(
        _ndjson_from_april("zendesk/ticket_audits-"), pages("audits", "YXVkaXRz")
    ),
    "zendesk/metric_events": Layout(
        _ndjson_from_april("zendesk/ticket_metric_events-"), pages("ticket_metric_events", "bWV0")
    ),
    "zendesk/users": Layout(_ndjson_from_april("zendesk/users-"), pages("users", "dXNlcnM")),
    "zendesk/ratings": Layout(
        _ndjson_from_april("zendesk/satisfaction_ratings-"), pages("satisfaction_ratings", "cmF0")
    ),
    "mail/care": Layout(_whole("mail/care.mbox"), b"".join),
    "sendgrid": Layout(_monthly("sendgrid/", ".ndjson"), lines),
    "sendgrid/webhook": Layout(_whole("sendgrid/webhook.json"), array),
    "segment": Layout(_monthly("segment/", ".ndjson.gz"), zipped_lines),
    "segment/late": Layout(_whole("segment/late.ndjson"), lines),
    "shopify/orders": Layout(_monthly("shopify/", "/orders.jsonl"), lines),
    "shopify/fulfillment_orders": Layout(_monthly("shopify/", "/fulfillment_orders.jsonl"), lines),
    "shopify/refunds": Layout(_monthly("shopify/", "/refunds.jsonl"), lines),
    "shopify/returns": Layout(_monthly("shopify/", "/returns.jsonl"), lines),
    "queue_tickets": Layout(_monthly("queue_tickets/", ".csv"), csv(QUEUE_TICKETS)),
    "appointments": Layout(_monthly("appointments/", ".csv"), csv(APPOINTMENTS)),
}


class Landing:
    """The landing folder being written. `files`: how many records each file holds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: dict[str, int] = {}
        self._streams: dict[str, list[tuple[datetime, int, bytes]]] = {s: [] for s in STREAMS}
        self._part = 1
        self._messages = 0

    def put(self, stream: str, at: datetime, record: bytes) -> None:
        """Add one record (for Shopify: a parent line and its children) exported at `at`."""
        rows = self._streams[stream]
        rows.append((at, len(rows), record))

    def message(self, folder: str, at: datetime, record: bytes) -> None:
        """Deliver one mail into a Maildir."""
        self._messages += 1
        name = f"mail/{folder}/cur/{int(at.timestamp())}.M{self._messages}P1.mx1:2,S"
        self._write(name, record)
        self.files[name] = 1

    def close_block(self) -> None:
        """Write all files of this block of customers and forget its records."""
        part = "" if self._part == 1 else f"-part{self._part}"
        for stream, rows in self._streams.items():
            layout = STREAMS[stream]
            by_file: dict[str, list[bytes]] = {}
            for at, _, record in sorted(rows, key=lambda row: row[:2]):
                name = layout.name(f"{at.year}-{at.month:02d}", part)
                by_file.setdefault(name, []).append(record)
            for name, records in by_file.items():
                zips = name.endswith(".gz") and layout.encode is lines
                self._write(name, (zipped_lines if zips else layout.encode)(records))
                # A Shopify node comes with its children, each a line and a record of its own.
                children = (
                    sum(record.count(b"\n") for record in records) if "shopify" in stream else 0
                )
                self.files[name] = len(records) + children
            rows.clear()
        self._part += 1

    def repeat(self, name: str, again: str) -> None:
        """The same file a second time, under another name."""
        self._write(again, (self.root / name).read_bytes())
        self.files[again] = self.files[name]

    def _write(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
