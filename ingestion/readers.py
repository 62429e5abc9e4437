"""Files to records: one relation `lines(file_no, payload, broken)` whatever the format.

Each reader hands the file to DuckDB, in file order. A record that cannot be read has a NULL
`payload` and, where the format lets us find it, its text in `broken`.
"""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from ingestion.errors import UnreadableFile
from ingestion.source import File, Reader
from ingestion.times import literal

MAXIMUM_RECORD_BYTES = 64 * 1024 * 1024


def ndjson(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    """One JSON object a line, plain or gzip. Blank lines are passed over."""
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
    _csv(connection, files, delimiter=None)


def delimited(delimiter: str) -> Reader:
    """As `csv`, with a delimiter that is said and not sniffed."""

    def read(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
        _csv(connection, files, delimiter)

    return read


def parquet(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    """One record a row. Payload: the row as a JSON object."""
    _by_file(
        connection,
        files,
        lambda file: (
            f"select {file.number}, to_json(row), null "
            f"from read_parquet({literal(str(file.path))}) as row"
        ),
    )


def text_of_record(file: File, number: int) -> str:
    """The text of the `number`-th (from 0) non-blank line of an NDJSON file, at most 4,096 bytes."""
    opener = gzip.open if file.path.suffix == ".gz" else open
    with opener(file.path, "rb") as lines:
        seen = -1
        for line in lines:
            seen += bool(line.strip())
            if seen == number:
                return line[:4096].decode("utf-8", "replace").rstrip("\r\n")
    return ""


def _csv(
    connection: duckdb.DuckDBPyConnection, files: Sequence[File], delimiter: str | None
) -> None:
    said = f", delim = {literal(delimiter)}" if delimiter else ""
    _by_file(
        connection,
        files,
        lambda file: (
            f"select {file.number}, to_json(row), null from read_csv("
            f"{literal(str(file.path))}, header = true, all_varchar = true, sample_size = 2000, "
            f"strict_mode = false, null_padding = true, ignore_errors = true, "
            f"max_line_size = {MAXIMUM_RECORD_BYTES}, store_rejects = true{said}) as row"
        ),
        rejects=True,
    )


def _by_file(
    connection: duckdb.DuckDBPyConnection, files: Sequence[File], select, rejects: bool = False
) -> None:
    connection.execute(
        "create or replace temp table lines(file_no integer, payload varchar, broken varchar)"
    )
    for file in files:
        if file.path.stat().st_size == 0:
            continue
        try:
            connection.execute(f"insert into lines {select(file)}")
        except duckdb.Error as error:
            raise UnreadableFile(file.name, first_line(error)) from error
        if rejects:
            connection.execute(
                f"insert into lines select {file.number}, null, csv_line from reject_errors"
            )
            connection.execute("delete from reject_errors")


def first_line(error: Exception) -> str:
    """The first line of an engine's error, without the paths of this machine."""
    text = str(error).strip().splitlines()[0]
    return text.rsplit("/", 1)[-1] if "/" in text else text


def _paths(files: Sequence[File]) -> str:
    return "[" + ", ".join(literal(_globless(file.path)) for file in files) + "]"


def _globless(path: Path) -> str:
    # A file name is not a pattern: DuckDB reads '*', '?' and '[' in it as one.
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def _file_no(column: str, files: Sequence[File]) -> str:
    if len(files) == 1:
        return str(files[0].number)
    numbers = {str(file.path): file.number for file in files}
    return f"(map({list(numbers)!r}, {list(numbers.values())!r})[{column}])::integer"


def json_object(value: object) -> str:
    """A JSON text with sorted keys: the same value gives the same text."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
