"""Publishes a release to PostgreSQL too, for tools that want a server: off unless it is named.

All tables change in one transaction of `delete` and `COPY`, so a reader's statement sees the old
release or the new one, and neither waits for the other. Tables are never dropped or renamed:
grants, indexes and views that people made on them stay.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import adbc_driver_manager.dbapi
import adbc_driver_postgresql.dbapi
import duckdb
import pyarrow as pa

from serving.errors import PublishError
from serving.marts import quoted
from serving.publish import Release, read_release, text

SETTING = "JOURNEYS_POSTGRES"
SCHEMA = "journeys"
BATCH = 100_000  # rows
# Another release's columns need a moment alone with a table: how long to wait for its readers
# before giving up, because whoever comes after waits behind us.
LOCK_TIMEOUT = "5s"
TYPES = {
    pa.string(): "text",
    pa.bool_(): "boolean",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp without time zone",
}

Connection = adbc_driver_manager.dbapi.Connection


def target() -> str | None:
    """The URL that the environment names, e.g. `postgresql://user:password@host/database`."""
    return os.environ.get(SETTING) or None


def shown(url: str) -> str:
    """The URL without what is secret in it."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or 'localhost'}{port}{parts.path}, schema {SCHEMA}"


def publish(url: str, folder: Path) -> Release:
    """Replace what the server holds by the release in `folder`, whole or not at all.

    Raises PublishError where the server cannot be reached, refuses, keeps a table locked, or has
    a column of another type; readers then keep what they had. The password is in no message.
    """
    release = read_release(folder)
    with (
        connected(url) as server,
        duckdb.connect(folder / "journeys.duckdb", read_only=True) as source,
    ):
        run(server, f"select pg_advisory_xact_lock(hashtextextended({text(SCHEMA)}, 0))")
        run(server, f"set local lock_timeout = {text(LOCK_TIMEOUT)}")
        run(server, f"create schema if not exists {SCHEMA}")
        for table, counted in {**release.row_counts, "_published": 1}.items():
            rows = rows_of(source, table)
            shape(server, table, rows.limit(0).to_arrow_table().schema)
            describe(server, source, table)
            run(server, f"delete from {SCHEMA}.{quoted(table)}")
            with server.cursor() as cursor:
                cursor.adbc_ingest(
                    table, rows.to_arrow_reader(BATCH), mode="append", db_schema_name=SCHEMA
                )
            ((arrived,),) = run(server, f"select count(*) from {SCHEMA}.{quoted(table)}")
            if arrived != counted:
                raise PublishError(
                    f"{table}: {counted} rows in the release, {arrived} in PostgreSQL"
                )
            run(server, f"analyze {SCHEMA}.{quoted(table)}")
        server.commit()
    return release


def published(url: str) -> str | None:
    """The id of the release that the server holds; None where it holds none."""
    with connected(url) as server:
        ((exists,),) = run(server, f"select to_regclass('{SCHEMA}._published') is not null")
        if not exists:
            return None
        found = run(server, f"select release_id from {SCHEMA}._published")
        return found[0][0] if found else None


def erase(url: str, customer_ids: Iterable[str]) -> Mapping[str, int]:
    """Delete all rows of these customers at once; the number of rows deleted by table.

    Then has the server clear the deleted rows from its pages, as far as no reader sees them still.
    """
    wanted = sorted(set(customer_ids))
    deleted: dict[str, int] = {}
    with connected(url) as server:
        # Views, which may have the column too, follow their tables.
        tables = run(
            server,
            "select columns.table_name from information_schema.columns "
            "join information_schema.tables using (table_schema, table_name) "
            f"where table_schema = '{SCHEMA}' and column_name = 'customer_id' "
            "and table_type = 'BASE TABLE' order by 1",
        )
        for (table,) in tables:
            deleted[table] = 0
            for customer_id in wanted:
                (found,) = run(
                    server,
                    f"with gone as (delete from {SCHEMA}.{quoted(table)} "
                    "where customer_id = $1 returning 1) select count(*) from gone",
                    customer_id,
                )
                deleted[table] += found[0]
        server.commit()
    with connected(url, autocommit=True) as server:
        for table, rows in deleted.items():
            if rows:
                run(server, f"vacuum {SCHEMA}.{quoted(table)}")
    return deleted


def rows_of(source: duckdb.DuckDBPyConnection, table: str) -> duckdb.DuckDBPyRelation:
    """The rows of a published table. PostgreSQL's text holds no NUL character: it is left out."""
    columns = ", ".join(
        f"replace({quoted(name)}, chr(0), '') as {quoted(name)}"
        if type_ == "VARCHAR"
        else quoted(name)
        for name, type_ in source.execute(
            "select column_name, data_type from duckdb_columns() "
            "where not internal and table_name = $table order by column_index",
            {"table": table},
        ).fetchall()
    )
    return source.sql(f"select {columns} from {quoted(table)}")


def shape(server: Connection, table: str, schema: pa.Schema) -> None:
    """Make the table, or add the columns that it lacks. Columns of others stay, and stay empty.

    Raises PublishError where a column has another type: readers may depend on it.
    """
    wanted = {field.name: type_of(table, field) for field in schema}
    there = dict(
        run(
            server,
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = to_regclass($1) and attnum > 0 and not attisdropped",
            f"{SCHEMA}.{quoted(table)}",
        )
    )
    if not there:
        columns = ", ".join(f"{quoted(name)} {type_}" for name, type_ in wanted.items())
        run(server, f"create table {SCHEMA}.{quoted(table)} ({columns})")
        return
    for name, type_ in wanted.items():
        if name not in there:
            run(server, f"alter table {SCHEMA}.{quoted(table)} add {quoted(name)} {type_}")
        elif there[name] != type_:
            raise PublishError(
                f"PostgreSQL holds {SCHEMA}.{table}.{name} as {there[name]}, the release as "
                f"{type_}: drop that column, or the table, and publish again"
            )


def type_of(table: str, field: pa.Field) -> str:
    """PostgreSQL's type for a column of a release."""
    if pa.types.is_decimal(field.type):
        return f"numeric({field.type.precision},{field.type.scale})"
    if field.type not in TYPES:
        raise PublishError(f"{table}.{field.name}: PostgreSQL has no type for {field.type} here")
    return TYPES[field.type]


def describe(server: Connection, source: duckdb.DuckDBPyConnection, table: str) -> None:
    """Carry the release's comments over, those that are not there yet."""
    relation = f"{SCHEMA}.{quoted(table)}"
    wanted = source.execute(
        "select null, comment from duckdb_tables() where not internal and table_name = $table "
        "union all select column_name, comment from duckdb_columns() "
        "where not internal and table_name = $table",
        {"table": table},
    ).fetchall()
    there = dict(
        run(
            server,
            "select attname::text, description from pg_description "
            "left join pg_attribute on attrelid = objoid and attnum = objsubid and attnum > 0 "
            "where classoid = 'pg_class'::regclass and objoid = to_regclass($1)",
            relation,
        )
    )
    for column, comment in wanted:
        if there.get(column) != comment:
            thing = f"column {relation}.{quoted(column)}" if column else f"table {relation}"
            run(server, f"comment on {thing} is {text(comment)}")


def run(server: Connection, statement: str, *values: str) -> list[tuple]:
    """Execute one statement with its values; all rows that it gives."""
    with server.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def connected(url: str, autocommit: bool = False) -> Iterator[Connection]:
    """A connection, rolled back unless committed. What the driver says is told without secrets."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise PublishError(
            "PostgreSQL: a server is named by a URL: postgresql://user:password@host/database"
        )
    try:
        with adbc_driver_postgresql.dbapi.connect(url, autocommit=autocommit) as server:
            yield server
    except adbc_driver_manager.dbapi.Error as error:
        said = str(error).replace(url, "(the URL)")
        passwords = [parts.password or "", *parse_qs(parts.query).get("password", [])]
        for secret in {*passwords, *map(unquote, passwords)} - {""}:
            said = said.replace(secret, "***")
        # Not chained: the driver's own message may repeat the URL.
        raise PublishError(f"PostgreSQL: {' '.join(said.split())}") from None
