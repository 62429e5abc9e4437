"""Landing files without the records of erased people, format by format.

What stays keeps its bytes, but for records that named an erased person beside others. The same
file gives the same bytes each time, so that an erasure that was killed comes to the same digest.
"""

import csv as csv_module
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.erased import INSTEAD, TOKEN
from ingestion.gate import Erasure
from ingestion.readers import json_object
from ingestion.source import File
from ingestion.sources.email.messages import message_spans, parsed

# What a reader adds to a record of its own.
ADDED_BY_READERS = ("__position", "__parent")
GONE = object()


def without(file: File, erasures: Iterable[Erasure]) -> bytes | None:
    """The bytes of a landing file without what `erasures` say; None where nothing is left of it.

    Only of files that could be read.
    """
    said = {_name(json.loads(erasure.before)): erasure for erasure in erasures if _is_json(erasure)}
    texts = {erasure.before.strip() for erasure in erasures if not _is_json(erasure)}
    if file.path.suffix == ".parquet":
        return _parquet(file, {erasure.row: erasure for erasure in erasures})
    is_gzip = file.path.suffix == ".gz"
    content = file.path.read_bytes()
    content = gzip.decompress(content) if is_gzip else content
    name = file.name.removesuffix(".gz").lower()
    kept: bytes | None
    if any("raw" in json.loads(each.before) for each in said.values()):
        kept = _mail(content, file, said)
    elif name.endswith((".csv", ".tsv", ".txt")) or not _looks_like_json(content):
        kept = _csv(content, said, texts)
    else:
        kept = _json(content, said, texts)
    if kept is None or not is_gzip:
        return kept
    return gzip.compress(kept, mtime=0)


def _is_json(erasure: Erasure) -> bool:
    try:
        return isinstance(json.loads(erasure.before), dict)
    except ValueError:
        return False


def _looks_like_json(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def _name(record: Any) -> str:
    if isinstance(record, dict):
        record = {key: value for key, value in record.items() if key not in ADDED_BY_READERS}
    return json_object(record)


def _after(erasure: Erasure) -> Any:
    if erasure.after is None:
        return GONE
    record = json.loads(erasure.after)
    return {key: value for key, value in record.items() if key not in ADDED_BY_READERS}


def _json(content: bytes, said: dict[str, Erasure], texts: set[str]) -> bytes:
    try:
        document = json.loads(content)
    except ValueError:
        return b"".join(_json_lines(content, said, texts))
    kept = _cleaned(document, said)
    if kept is GONE:
        return b""
    return _dumped(kept) + b"\n"


def _json_lines(content: bytes, said: dict[str, Erasure], texts: set[str]) -> Iterator[bytes]:
    for line in io.BytesIO(content):
        text = line.decode("utf-8", "backslashreplace").strip()
        try:
            value = json.loads(text.removeprefix("\ufeff")) if text else None
        except ValueError:
            if not any(text.startswith(each) for each in texts):
                yield line
            continue
        kept = _cleaned(value, said)
        if kept is GONE:
            continue
        yield line if kept == value else _dumped(kept) + b"\n"


def _cleaned(value: Any, said: dict[str, Erasure]) -> Any:
    """A page, a list or a record as it stays; GONE where it is an erased person's."""
    if isinstance(value, list):
        kept = [_cleaned(each, said) for each in value]
        return [each for each in kept if each is not GONE]
    if not isinstance(value, dict):
        return value
    if erasure := said.get(_name(value)):
        return _after(erasure)
    # a page holds its records in lists under its keys
    return {
        key: _cleaned(each, said) if isinstance(each, list) else each for key, each in value.items()
    }


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _csv(content: bytes, said: dict[str, Erasure], texts: set[str]) -> bytes:
    rows = list(_csv_rows(content.decode("utf-8-sig")))
    if not rows:
        return content
    head = rows[0]
    delimiter = max(",;\t|", key=head.splitlines()[0].count)
    (header,) = csv_module.reader([head], delimiter=delimiter)
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    kept = [head]
    for row in rows[1:]:
        values = next(csv_module.reader(io.StringIO(row, newline=""), delimiter=delimiter), [])
        record = {name: value or None for name, value in zip(header, values, strict=False)}
        erasure = said.get(_name(record)) if len(values) == len(header) else None
        if erasure is None:
            if row.strip() not in texts:
                kept.append(row)
        elif (after := _after(erasure)) is not GONE:
            line = io.StringIO(newline="")
            ending = "\r\n" if row.endswith("\r\n") else "\n"
            writer = csv_module.writer(line, delimiter=delimiter, lineterminator=ending)
            writer.writerow([after[name] for name in header])
            kept.append(line.getvalue())
    return mark + "".join(kept).encode()


def _csv_rows(text: str) -> Iterator[str]:
    """The rows of a CSV text as they are written, quoted line ends included."""
    row: list[str] = []
    for line in io.StringIO(text, newline=""):
        row.append(line)
        if "".join(row).count('"') % 2 == 0:
            yield "".join(row)
            row = []
    if row:
        yield "".join(row)


def _mail(content: bytes, file: File, said: dict[str, Erasure]) -> bytes | None:
    kept = []
    for span, raw in message_spans(io.BytesIO(content), file.name):
        erasure = said.get(_name(parsed(raw))) if raw is not None else None
        if erasure is None:
            kept.append(span)
        elif erasure.after is not None:
            kept.append(_with_scrubbed_addresses(span, erasure))
    return b"".join(kept) or None


def _with_scrubbed_addresses(span: bytes, erasure: Erasure) -> bytes:
    before, after = (
        set(re.findall(TOKEN, json.loads(payload or "{}").get("raw", "")))
        for payload in (erasure.before, erasure.after)
    )
    for token in sorted(before - after):
        span = span.replace(token.encode(), INSTEAD.encode())
    return span


def _parquet(file: File, said: dict[int, Erasure]) -> bytes:
    table = pq.read_table(file.path)
    rows = []
    for number, row in enumerate(table.to_pylist()):
        erasure = said.get(number)
        if erasure is None:
            rows.append(row)
        elif erasure.after is not None:
            before, after = json.loads(erasure.before), json.loads(erasure.after)
            rows.append(
                {
                    name: value
                    if before.get(name) == after.get(name)
                    else _text_or_none(after.get(name), table.schema.field(name).type)
                    for name, value in row.items()
                }
            )
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), target, compression="zstd")
    return target.getvalue()


def _text_or_none(value: Any, type: pa.DataType) -> str | None:
    return value if isinstance(value, str) and pa.types.is_string(type) else None
