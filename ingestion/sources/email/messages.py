"""Mail files to records: mbox, Maildir and single messages, each message as one JSON object.

The payload holds the message as it came (`raw`) and, read from it once, what SQL cannot take
from a mail: decoded headers, addresses, dates as UTC, the text, and a bounce's report.
"""

import email
import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import PurePosixPath

import duckdb
import pyarrow as pa

from ingestion.errors import UnreadableFile
from ingestion.readers import json_object
from ingestion.source import File

LONGEST_TEXT = 20_000  # characters of body text that are kept beside the raw message
BATCH = 2_000
# A line "From ..." is a separator only with an address and a year: else it is somebody's prose.
SEPARATOR = re.compile(rb"From \S.*\d{1,2}:\d{2}.* \d{4}\b.*")
ESCAPED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
# What mail servers keep beside the messages.
MAILDIR_FILES = ("dovecot", "maildirfolder", "courierimap", "maildirsize", "subscriptions")
# Mail programs add these on the way; one message in two mailboxes differs by them.
ADDED_ON_THE_WAY = {
    "received",
    "return-path",
    "delivered-to",
    "x-original-to",
    "envelope-to",
}


def messages(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    """One record a message. A message without any header becomes a broken record."""
    connection.execute(
        "create or replace temp table lines(file_no integer, payload varchar, broken varchar)"
    )
    for file in files:
        batch: list[tuple[str | None, str | None]] = []
        try:
            for raw in raw_messages(file):
                batch.append(_record(raw))
                if len(batch) == BATCH:
                    _insert(connection, file, batch)
                    batch = []
        except (OSError, EOFError) as error:
            raise UnreadableFile(file.name, str(error)) from error
        _insert(connection, file, batch)


def raw_messages(file: File) -> Iterator[bytes]:
    """The messages of one file, each as its bytes; none of a Maildir's own files."""
    opener = gzip.open if file.path.suffix == ".gz" else open
    with opener(file.path, "rb") as lines:
        for _, raw in message_spans(lines, file.name):
            if raw is not None:
                yield raw


def message_spans(lines: Iterable[bytes], name: str) -> Iterator[tuple[bytes, bytes | None]]:
    """The file of that name in pieces: the bytes as they stand there, and the message in them.

    None where a piece holds no message: a Maildir's own files, blank lines.
    """
    path = PurePosixPath(name)
    if path.name.startswith(MAILDIR_FILES) or path.parent.name in ("cur", "new"):
        content = b"".join(lines)
        is_message = content.strip() and not path.name.startswith(MAILDIR_FILES)
        yield content, content if is_message else None
        return
    separator: list[bytes] = []
    message: list[bytes] = []
    follows_blank = True
    for line in lines:
        if follows_blank and line.startswith(b"From ") and SEPARATOR.match(line):
            yield _span(separator, message)
            separator, message = [line], []
        else:
            message.append(line)
        follows_blank = not line.strip()
    yield _span(separator, message)


def _span(separator: list[bytes], message: list[bytes]) -> tuple[bytes, bytes | None]:
    is_message = any(part.strip() for part in message)
    content = _unescaped(message, is_mbox=bool(separator)) if is_message else None
    return b"".join(separator + message), content


def parsed(raw: bytes) -> dict[str, object] | None:
    """What a message says of itself; None where it has no header at all.

    Times are ISO 8601 in UTC, or None where they cannot be read or name no zone.
    """
    message = email.message_from_bytes(raw)
    headers = [[name, _decoded(value)] for name, value in message.raw_items()]
    if not headers:
        return None
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name.lower(), value)
    text = _text(message)
    return {
        "headers": headers,
        "raw": _as_text(raw),
        "text": text[:LONGEST_TEXT],
        "message_id": _message_id(first.get("message-id")),
        "in_reply_to": _message_id(first.get("in-reply-to")),
        "references": _message_ids(first.get("references")),
        "content_sha256": _content_sha256(headers, message),
        "date": first.get("date"),
        "sent_at": _instant(first.get("date")),
        # The first Received line is the last server's: ours, whose clock we trust.
        "received_at": _instant((first.get("received") or "").rpartition(";")[2]),
        "from": next(iter(_addresses(headers, "from")), None),
        "to": _addresses(headers, "to"),
        "cc": _addresses(headers, "cc"),
        "delivered_to": _addresses(headers, "delivered-to", "x-original-to", "envelope-to"),
        "subject": first.get("subject"),
        "return_path": (first.get("return-path") or "").strip() or None,
        "auto_submitted": _word(first.get("auto-submitted")),
        "precedence": _word(first.get("precedence")),
        "x_autoreply": first.get("x-autoreply") or first.get("x-autorespond"),
        "list_id": first.get("list-id"),
        "list_unsubscribe": first.get("list-unsubscribe"),
        "report": _report(message),
    }


def _record(raw: bytes) -> tuple[str | None, str | None]:
    found = parsed(raw)
    if found is None:
        return None, _as_text(raw)[:4096]
    return json_object(found), None


def _insert(
    connection: duckdb.DuckDBPyConnection,
    file: File,
    batch: list[tuple[str | None, str | None]],
) -> None:
    if not batch:
        return
    payloads, broken = zip(*batch, strict=True)
    arrived = pa.table(
        {
            "payload": pa.array(payloads, pa.string()),
            "broken": pa.array(broken, pa.string()),
        }
    )
    connection.register("arrived_messages", arrived)
    connection.execute(
        f"insert into lines select {file.number}, payload, broken from arrived_messages"
    )
    connection.unregister("arrived_messages")


def _unescaped(lines: list[bytes], is_mbox: bool) -> bytes:
    content = b"".join(lines)
    return ESCAPED_FROM.sub(rb"\1", content) if is_mbox else content


def _as_text(raw: bytes) -> str:
    # latin-1 keeps every byte where the message is not UTF-8; a NUL is in no JSON text.
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.replace("\x00", "\ufffd")


def _decoded(value: object) -> str:
    text = str(value)
    try:
        decoded = str(make_header(decode_header(text))) if "=?" in text else text
    except (LookupError, ValueError, email.errors.HeaderParseError):
        decoded = text
    clean = decoded.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return re.sub(r"\r?\n[ \t]*", " ", clean).replace("\x00", "").strip()


def _addresses(headers: list[list[str]], *names: str) -> list[str]:
    values = [value for name, value in headers if name.lower() in names]
    found = [address.strip().lower() for _, address in getaddresses(values)]
    return list(dict.fromkeys(address for address in found if "@" in address))


def _message_id(value: str | None) -> str | None:
    return next(iter(_message_ids(value)), None)


def _message_ids(value: str | None) -> list[str]:
    bracketed = re.findall(r"<\s*([^<>\s]+)\s*>", value or "")
    return bracketed or (value or "").split()


def _word(value: str | None) -> str | None:
    return (value or "").split(";")[0].strip().lower() or None


def _instant(value: str | None) -> str | None:
    text = (value or "").strip()
    try:
        parsed_at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if parsed_at.tzinfo is None:
        # "-0000" is UTC from a place unsaid; no zone at all is no instant.
        if "-0000" not in text:
            return None
        parsed_at = parsed_at.replace(tzinfo=UTC)
    try:
        return parsed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)
    except OverflowError:
        return None


def _text(message: Message) -> str:
    parts = [part for part in message.walk() if not part.is_multipart()]
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
                text = _body(part)
                return text if kind == "text/plain" else _without_tags(text)
    return ""


def _body(part: Message) -> str:
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    try:
        text = content.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):  # a charset that nobody knows
        text = content.decode("latin-1")
    return text.replace("\x00", "").strip()


def _without_tags(text: str) -> str:
    visible = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", text)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", visible))).strip()


def _report(message: Message) -> dict[str, object] | None:
    """What a delivery status notification (RFC 3464) says: which message, what became of it."""
    if message.get_content_type() != "multipart/report":
        return None
    statuses: list[Message] = []
    original = None
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/delivery-status" and part.is_multipart():
            statuses = [block for block in part.get_payload() if isinstance(block, Message)]
        elif kind in ("message/rfc822", "text/rfc822-headers") and original is None:
            original = _original_id(part)
    recipients = [block for block in statuses if block.get("Final-Recipient")]
    field = {
        name: next((_decoded(block[name]) for block in recipients if block.get(name)), None)
        for name in ("Action", "Status", "Final-Recipient")
    }
    return {
        "message_id": original,
        "action": _word(field["Action"]),
        "status": field["Status"],
        "recipient": (field["Final-Recipient"] or "").rpartition(";")[2].strip().lower() or None,
    }


def _original_id(part: Message) -> str | None:
    if part.is_multipart():
        inner = part.get_payload(0)
        found = inner.get("Message-ID") if isinstance(inner, Message) else None
    else:
        found = email.message_from_string(_body(part)).get("Message-ID")
    return _message_id(_decoded(found)) if found else None


def _content_sha256(headers: list[list[str]], message: Message) -> str:
    """A digest of what the sender wrote: the same in every mailbox that the message reached."""
    written = [
        [name.lower(), value]
        for name, value in headers
        if name.lower() not in ADDED_ON_THE_WAY and not name.lower().startswith("x-")
    ]
    body = "" if message.is_multipart() else str(message.get_payload())
    if message.is_multipart():
        body = "\n".join(
            str(part.get_payload()) for part in message.walk() if not part.is_multipart()
        )
    content = json.dumps([sorted(written), body], ensure_ascii=False)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
