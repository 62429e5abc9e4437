"""JSON pages to records: what an API hands out page by page, saved as documents or as lines.

A file is one document (`{"tickets": [...], "after_cursor": ...}` or `[...]`, over as many lines
as it likes) or NDJSON, each line a record, a page, or a list. Records come in file order.
"""

import gzip
import json
from collections.abc import Sequence

import duckdb

from ingestion import readers
from ingestion.errors import UnreadableFile
from ingestion.source import File, Reader
from ingestion.times import literal


def pages(*keys: str) -> Reader:
    """A reader of pages whose records stand under one of `keys`, or bare, or in a list.

    A page may carry several of the keys (side-loaded users). A line that is not JSON becomes a
    broken record. Raises UnreadableFile for a document that is not JSON.
    """

    def read(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
        connection.execute(
            "create or replace temp table lines(file_no integer, payload varchar, broken varchar)"
        )
        for file in files:
            if file.path.stat().st_size == 0:
                continue
            try:
                _read_file(connection, file, keys)
            except duckdb.Error as error:
                raise UnreadableFile(file.name, readers.first_line(error)) from error

    return read


def _read_file(connection: duckdb.DuckDBPyConnection, file: File, keys: tuple[str, ...]) -> None:
    path = literal("".join(f"[{c}]" if c in "*?[" else c for c in str(file.path)))
    limit = f"maximum_object_size = {readers.MAXIMUM_RECORD_BYTES}"
    values = (
        f"read_ndjson_objects({path}, ignore_errors = true, {limit})"
        if _is_lines(file)
        else f"read_json_objects({path}, format = 'unstructured', {limit})"
    )
    connection.execute(
        f"create or replace temp table page_values as select json as value from {values}"
    )
    paths = ", ".join(literal(f'$."{key}"') for key in keys)
    # The lists under the keys of a page; a bare record has none and stands for itself.
    connection.execute(
        f"""
        insert into lines
        with looked_into as (
            select
                rowid as line,
                value,
                case json_type(value)
                    when 'ARRAY' then [value]
                    when 'OBJECT' then list_filter(
                        json_extract(value, [{paths}]), lambda x: json_type(x) = 'ARRAY'
                    )
                    else []
                end as lists
            from page_values
        ),
        opened as (
            select
                line,
                unnest(case
                    when len(lists) = 0 then [value]
                    else flatten(list_transform(lists, lambda x: json_extract(x, '$[*]')))
                end) as record
            from looked_into
        )
        select {file.number}, record::varchar, null from opened order by line
        """
    )
    broken = connection.execute("select rowid from page_values where value is null").fetchall()
    if broken:
        texts = [(file.number, readers.text_of_record(file, line)) for (line,) in broken]
        connection.execute(f"delete from lines where file_no = {file.number} and payload is null")
        connection.executemany("insert into lines values (?, null, ?)", texts)
    connection.execute("drop table page_values")


def _is_lines(file: File) -> bool:
    # A page over several lines does not end with its first line.
    opener = gzip.open if file.path.suffix == ".gz" else open
    try:
        with opener(file.path, "rb") as content:
            first = next((line for line in content if line.strip()), b"")
    except (OSError, EOFError) as error:
        raise UnreadableFile(file.name, f"not a readable gzip file: {error}") from error
    try:
        json.loads(first)
    except ValueError:
        # A broken first line is a broken record, unless the document merely goes on below.
        return first.strip() not in (b"[", b"{") and not first.rstrip().endswith((b",", b"[", b"{"))
    return True
