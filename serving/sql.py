"""A shell on the current release that reads and cannot write: `make sql`.

It stays on the release that it opened, whatever is published meanwhile. The duckdb package has no
command-line client, so this is one, of the few things that questions need.
"""

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, TextIO

import duckdb

from ingestion.errors import IngestionError
from ingestion.settings import Settings
from serving import publish
from serving.errors import QueryError, ServingError
from serving.table import table

FORMATS = ("table", "csv")
SHOWN_ROWS = 200
SHOWN_CHARACTERS = 70
NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "FLOAT", "DOUBLE"}
HELP = """\
A statement ends with ; and may span lines.
.tables              the tables, and what a row of each is
.describe <table>    its columns, their types and meanings
.format table|csv    how answers are shown
.quit                or Ctrl-D"""
TABLES = """
    select table_name as "table", estimated_size as "rows", coalesce(comment, '') as "one row"
    from duckdb_tables() where not internal order by table_name
"""
DESCRIPTION = """
    select column_name as "column", lower(data_type) as "type", coalesce(comment, '') as meaning
    from duckdb_columns() where not internal and table_name = $name order by column_index
"""


def main() -> int:
    """Answer one query, or open the shell; the exit code says whether the query was answered."""
    parser = argparse.ArgumentParser(prog="make sql", description=__doc__)
    parser.add_argument("--name", default="sample")
    parser.add_argument("--query", default="")
    parser.add_argument("--format", default="")
    asked = parser.parse_args()
    form = asked.format or "table"
    try:
        if form not in FORMATS:
            raise QueryError(f"FORMAT={form}: use one of {', '.join(FORMATS)}")
        with opened(Settings.read(asked.name)) as connection:
            if asked.query.strip():
                answer(connection, asked.query, form, sys.stdout)
            else:
                shell(connection, form)
            sys.stdout.flush()
    except BrokenPipeError:
        # the reader (`| head`) has seen enough; what is left to flush at exit goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def opened(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The current release, read-only: no statement can write, attach or read another file."""
    release = publish.current(settings) / "journeys.duckdb"
    with (
        tempfile.TemporaryDirectory() as spill,
        duckdb.connect(release, read_only=True) as connection,
    ):
        # what does not fit into memory must not spill beside the release
        connection.execute(f"set temp_directory = {publish.text(spill)}")
        connection.execute("set timezone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        yield connection


def shell(connection: duckdb.DuckDBPyConnection, form: str) -> None:
    """Read statements until the end of input, and answer each."""
    is_typed = sys.stdin.isatty()
    if is_typed:
        complete_names(connection)
        release = connection.execute("select release_id, as_of from _published").fetchone()
        assert release is not None
        print(f"release {release[0]}, as of {text_of(release[1])} UTC, read-only; .help for help")
    typed = ""
    while True:
        try:
            line = input(("journeys> " if not typed else "      ... ") if is_typed else "")
        except KeyboardInterrupt:
            print()
            typed = ""
            continue
        except EOFError:
            line, is_over = "", True
        else:
            is_over = False
        try:
            if not typed and line.strip().startswith("."):
                if line.split()[0] in (".quit", ".exit"):
                    return
                form = command(connection, line.split(), form)
                continue
            typed += line + "\n"
            if typed.strip() and (is_over or is_whole(typed)):
                statement, typed = typed, ""
                answer(connection, statement, form, sys.stdout)
        except QueryError as error:
            print(error, file=sys.stderr)
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
        if is_over:
            return
        if not typed.strip():
            typed = ""


def command(connection: duckdb.DuckDBPyConnection, words: list[str], form: str) -> str:
    """Do what a word with a dot asks for; returns the form of answers from then on."""
    match words:
        case [".tables"]:
            show(connection.execute(TABLES), sys.stdout, whole=True)
        case [".describe", name]:
            known = {row[0] for row in connection.execute(TABLES).fetchall()}
            if name not in known:
                raise QueryError(f"there is no table {name}: {', '.join(sorted(known))}")
            show(connection.execute(DESCRIPTION, {"name": name}), sys.stdout, whole=True)
        case [".format", ("table" | "csv") as chosen]:
            return chosen
        case _:
            print(HELP)
    return form


def is_whole(typed: str) -> bool:
    """True when the last statement has its end, outside quotes."""
    if not typed.rstrip().endswith(";"):
        return False
    try:
        duckdb.extract_statements(typed)
    except duckdb.Error as error:
        return "unterminated" not in str(error)
    return True


def answer(connection: duckdb.DuckDBPyConnection, query: str, form: str, out: TextIO) -> None:
    """Run the statements of `query` in order and write each answer.

    Raises QueryError, in the database's words, where one cannot be run.
    """
    try:
        for statement in duckdb.extract_statements(query):
            done = connection.execute(statement)
            if done.description:
                (write_csv if form == "csv" else show)(done, out)
    except duckdb.Error as error:
        raise QueryError(str(error).strip()) from error


def show(done: duckdb.DuckDBPyConnection, out: TextIO, whole: bool = False) -> None:
    """Write an answer as a table: the first rows of many; long texts are cut unless `whole`."""
    heads = [column[0] for column in done.description]
    right = [
        number
        for number, column in enumerate(done.description)
        if str(column[1]).split("(")[0] in {*NUMBERS, "DECIMAL"}
    ]
    rows = done.fetchmany(SHOWN_ROWS + 1)
    cells = [[text_of(value) for value in row] for row in rows[:SHOWN_ROWS]]
    if not whole:
        cells = [[shortened(cell) for cell in row] for row in cells]
    print("\n".join(table(heads, cells, right)), file=out)
    if len(rows) > SHOWN_ROWS:
        print(f"… more than {SHOWN_ROWS} rows: FORMAT=csv writes all of them", file=out)
    print(file=out)


def write_csv(done: duckdb.DuckDBPyConnection, out: TextIO) -> None:
    """Write an answer as CSV with a header; null is empty."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column[0] for column in done.description])
    while rows := done.fetchmany(10_000):
        writer.writerows([["" if value is None else value for value in row] for row in rows])


def text_of(value: Any) -> str:
    """A value for a person: null is a dash, times to the second, no trailing zeros."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6g}"
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def shortened(text: str) -> str:
    """Text that leaves room for other columns."""
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def complete_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Have the tab key complete the names of tables and columns. No history is kept on disk."""
    try:
        import readline
    except ImportError:  # a Python without it still asks and answers
        return
    names = sorted(
        {
            name
            for row in connection.execute(
                "select table_name, column_name from duckdb_columns() where not internal"
            ).fetchall()
            for name in row
        }
    )

    def complete(begun: str, state: int) -> str | None:
        return [*(name for name in names if name.startswith(begun)), None][state]

    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")


if __name__ == "__main__":
    sys.exit(main())
