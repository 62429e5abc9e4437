"""Files to records: one relation `lines(file_no, payload, broken)` whatever the format.

Each reader hands the file to DuckDB, in file order. A record that cannot be read has a NULL
`payload` and, where the format lets us find it, its text in `broken`.
"""

import csv as csv_module
import gzip
import json
import re
import shutil
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv

from ingestion.errors import UnreadableFile
from ingestion.source import File
from ingestion.times import literal

MAXIMUM_RECORD_BYTES = 64 * 1024 * 1024


def ndjson(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    """One JSON object a line, plain or gzip. Blank lines and a byte order mark are passed over."""
    files = [_without_mark(connection, file) for file in files]
    connection.execute(
        f"""
        create or replace temp view lines as
        select {_file_no("filename", files)} as file_no, json::varchar as payload
        from read_ndjson_objects(
            {_paths(files)}, filename = true, ignore_errors = true,
            maximum_object_size = {MAXIMUM_RECORD_BYTES}
        )
        """
    )


def csv(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    """A header line and one record a line; every value stays text. Payload: a JSON object."""
    start(connection)
    for file in files:
        insert_csv(connection, file)


def start(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the empty relation that the `insert_` readers fill, one file after the other."""
    connection.execute(
        "create or replace temp table lines("
        "file_no integer, number bigint, payload varchar, broken varchar)"
    )


def insert_csv(
    connection: duckdb.DuckDBPyConnection,
    file: File,
    delimiter: str | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Add a CSV file (plain or gzip, UTF-8). `columns` must be in its header."""
    header, delimiter = _csv_header(file, delimiter)
    _need(file, header, columns)
    if not header:
        return
    broken: list[tuple[int, str]] = []
    rows = _csv_rows(file, header, delimiter, broken)
    refused = {number for number, _ in broken}
    numbers = [n for n in range(1, rows.num_rows + len(refused) + 1) if n not in refused]
    alias = unlike(header)
    connection.register("csv_rows", rows)
    connection.register("csv_numbers", pa.table({f"{alias}n": pa.array(numbers, pa.int64())}))
    connection.execute(
        f"insert into lines select {file.number}, csv_numbers.{alias}n, to_json({alias}), null "
        f"from csv_rows as {alias} positional join csv_numbers"
    )
    connection.unregister("csv_rows")
    connection.unregister("csv_numbers")
    if broken:
        connection.executemany(f"insert into lines values ({file.number}, ?, null, ?)", broken)


def insert_ndjson(connection: duckdb.DuckDBPyConnection, file: File) -> None:
    """Add an NDJSON file, plain or gzip."""
    _insert(
        connection,
        file,
        f"select row_number() over (), json::varchar from read_ndjson_objects("
        f"{literal(globless(file.path))}, ignore_errors = true, "
        f"maximum_object_size = {MAXIMUM_RECORD_BYTES})",
    )
    broken = connection.execute(
        f"select number from lines where file_no = {file.number} and payload is null limit 1000"
    ).fetchall()
    for (number,) in broken:
        connection.execute(
            f"update lines set broken = ? where file_no = {file.number} and number = ?",
            [text_of_record(file, number - 1), number],
        )


def insert_parquet(
    connection: duckdb.DuckDBPyConnection, file: File, columns: Sequence[str] = ()
) -> None:
    """Add a Parquet file. `columns` must be in its schema."""
    try:
        rows = connection.execute(
            f"describe from read_parquet({literal(globless(file.path))})"
        ).fetchall()
    except duckdb.Error as error:
        raise UnreadableFile(file.name, first_line(error)) from error
    header = [row[0] for row in rows]
    _need(file, header, columns)
    alias = unlike(header)
    _insert(
        connection,
        file,
        f"select row_number() over (), to_json({alias}) "
        f"from read_parquet({literal(globless(file.path))}) as {alias}",
    )


def unlike(header: Sequence[str]) -> str:
    """A name for a whole row that none of its columns has: SQL takes a column first."""
    longest = max((len(name) for name in header), default=0)
    return "row_" + "_" * longest


def _without_mark(connection: duckdb.DuckDBPyConnection, file: File) -> File:
    """The file, or where it begins with a byte order mark, a copy without it in scratch space."""
    opener = gzip.open if file.path.suffix == ".gz" else open
    try:
        with opener(file.path, "rb") as source:
            if source.read(len(BOM_UTF8)) != BOM_UTF8:
                return file
            scratch = connection.execute("select current_setting('temp_directory')").fetchone()
            assert scratch is not None  # a setting always has a value
            copy = Path(scratch[0]) / f"{file.sha256}.ndjson"
            copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("wb") as target:
                shutil.copyfileobj(source, target)
    except (OSError, EOFError) as error:
        raise UnreadableFile(file.name, str(error)) from error
    return replace(file, path=copy)


def text_of_record(file: File, number: int) -> str:
    """The `number`-th (from 0) non-blank line of an NDJSON file, at most 4,096 bytes."""
    opener = gzip.open if file.path.suffix == ".gz" else open
    with opener(file.path, "rb") as lines:
        seen = -1
        for line in lines:
            seen += bool(line.strip())
            if seen == number:
                # what is not UTF-8 stays visible, and can never pass as a record
                return line[:4096].decode("utf-8", "backslashreplace").rstrip("\r\n")
    return ""


def _insert(connection: duckdb.DuckDBPyConnection, file: File, select: str) -> None:
    try:
        connection.execute(
            f"insert into lines (file_no, number, payload) select {file.number}, * from ({select})"
        )
    except duckdb.Error as error:
        raise UnreadableFile(file.name, first_line(error)) from error


def _csv_rows(
    file: File, header: Sequence[str], delimiter: str, broken: list[tuple[int, str]]
) -> pa.Table:
    """All rows as text; those with another number of values go to `broken` with their number."""

    def refuse(row: pa_csv.InvalidRow) -> str:
        # rows are counted from the header, which is row 1
        broken.append(((row.number or 1) - 1, row.text[:4096]))
        return "skip"

    try:
        with pa_csv.open_csv(
            file.path,
            pa_csv.ReadOptions(use_threads=False, block_size=1 << 24),
            pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        ) as reader:
            return reader.read_all()
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        raise UnreadableFile(file.name, first_line(error)) from error


def _need(file: File, has: Sequence[str], columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in has]
    if missing and has:
        raise UnreadableFile(
            file.name,
            f"has no column {', '.join(map(repr, missing))}; its columns are {', '.join(has)}",
        )


def _csv_header(file: File, delimiter: str | None) -> tuple[list[str], str]:
    opener = gzip.open if file.path.suffix == ".gz" else open
    try:
        with opener(file.path, "rt", encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            delimiter = delimiter or max(",;\t|", key=first.count)
            header = next(csv_module.reader([first], delimiter=delimiter), [])
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            file.name, f"is not UTF-8 text (byte {error.object[error.start]:#x}): save it as UTF-8"
        ) from error
    except (OSError, EOFError, csv_module.Error) as error:
        raise UnreadableFile(file.name, f"no header can be read: {error}") from error
    if len({name.lower() for name in header}) < len(header) or "" in header:
        raise UnreadableFile(file.name, "two columns have the same name, or one has none")
    return header, delimiter


def first_line(error: Exception) -> str:
    """The first line of an engine's error, without the paths of this machine."""
    said = str(error).strip().splitlines()[0]
    # a folder's name may hold spaces, which only quotes or the end of the line tell from text
    said = re.sub(r"(['\"])/[^'\"]*/([^/'\"]*)\1", r"\1\2\1", said)
    return re.sub(r"(?<!\S)/.*/", "", said)


def _paths(files: Sequence[File]) -> str:
    return "[" + ", ".join(literal(globless(file.path)) for file in files) + "]"


def globless(path: Path) -> str:
    # A file name is not a pattern: DuckDB reads '*', '?' and '[' in it as one.
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def _file_no(column: str, files: Sequence[File]) -> str:
    if len(files) == 1:
        return str(files[0].number)
    numbers = {str(file.path): file.number for file in files}
    return f"(map({list(numbers)!r}, {list(numbers.values())!r})[{column}])::integer"


def structure(paths: Iterable[tuple[str, ...]]) -> str:
    """The JSON structure, for json_transform, that holds each of `paths` as text."""
    tree: dict[str, Any] = {}
    for path in sorted(paths, key=lambda path: (len(path), path)):
        place = tree
        for parent in path[:-1]:
            if not isinstance(place.get(parent), dict):
                place[parent] = {}
            place = place[parent]
        place[path[-1]] = "VARCHAR"
    return json_object(tree)


def json_object(value: object) -> str:
    """A JSON text with sorted keys: the same value gives the same text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
