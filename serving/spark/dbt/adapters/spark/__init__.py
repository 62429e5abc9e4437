"""A dbt adapter for a Spark session that understands this project's one dialect, DuckDB's.

Statements arrive as dbt compiled them. `serving.spark.dialect` says each in Spark's words, and
`serving.spark.tables` keeps what they make: Parquet files and the text of views, in a folder.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dbt.include.spark as include
from dbt.adapters.base import AdapterPlugin, BaseRelation, Column, available
from dbt.adapters.contracts.connection import (
    AdapterResponse,
    Connection,
    ConnectionState,
    Credentials,
)
from dbt.adapters.contracts.relation import RelationType
from dbt.adapters.sql import SQLAdapter, SQLConnectionManager
from dbt_common.exceptions import DbtDatabaseError

from serving.spark import session
from serving.spark.relations import Name, View
from serving.spark.tables import Tables


@dataclass(kw_only=True)
class SparkCredentials(Credentials):
    """Where Spark runs and where it keeps tables; `sources` are Parquet files by table name."""

    tables: str = ""
    master: str = "local[2]"
    sources: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    database: str = ""

    @property
    def type(self) -> str:
        return "spark"

    @property
    def unique_field(self) -> str:
        return self.tables

    def _connection_keys(self) -> tuple[str, ...]:
        return "master", "tables", "database", "schema"


class Cursor:
    """Runs statements one after the other; holds the rows of the last one."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.frame: Any = None

    def execute(self, sql: str, bindings: Sequence[Any] | None = None) -> None:
        """Run the statements of a text; `bindings` is what a cursor has to take, always empty."""
        assert not bindings
        self.frame = self.tables.run(sql)

    @property
    def description(self) -> list[tuple[str, str]] | None:
        """Names and Spark's types of the columns of the last query."""
        return self.frame and [(f.name, f.dataType.simpleString()) for f in self.frame.schema]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows of the last query."""
        return [tuple(row) for row in self.frame.collect()]

    def fetchmany(self, limit: int) -> list[tuple[Any, ...]]:
        """The first rows of the last query."""
        return [tuple(row) for row in self.frame.take(limit)]

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row of the last query, if it has one."""
        return next(iter(self.fetchmany(1)), None)


class Handle:
    """What dbt holds of a connection."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def cursor(self) -> Cursor:
        """A new cursor."""
        return Cursor(self.tables)


class SparkConnectionManager(SQLConnectionManager):
    """All threads share one session and one set of tables."""

    TYPE = "spark"
    tables: Tables | None = None

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        with session.LOCK:
            if cls.tables is None:
                credentials = connection.credentials
                cls.tables = Tables(
                    session.start(credentials.master, credentials.settings),
                    credentials.tables,
                    credentials.sources,
                )
        connection.handle = Handle(cls.tables)
        connection.state = ConnectionState.OPEN
        return connection

    @classmethod
    def close(cls, connection: Connection) -> Connection:
        connection.state = ConnectionState.CLOSED
        return connection

    def cancel(self, connection: Connection) -> None:
        """Stop what runs on all threads."""
        connection.handle.tables.session.sparkContext.cancelAllJobs()

    @contextmanager
    def exception_handler(self, sql: str) -> Generator[None, None, None]:
        try:
            yield
        except Exception as error:
            raise DbtDatabaseError(f"{type(error).__name__}: {error}") from error

    @classmethod
    def get_response(cls, cursor: Any) -> AdapterResponse:
        return AdapterResponse(_message="OK")

    @classmethod
    def data_type_code_to_name(cls, type_code: int | str) -> str:
        return str(type_code)

    def begin(self) -> None:
        """Nothing: a table is swapped in whole."""

    def commit(self) -> None:
        """Nothing, likewise."""

    def rollback_if_open(self) -> None:
        """Nothing, likewise."""

    def add_begin_query(self) -> None:
        """Nothing, likewise."""

    def add_commit_query(self) -> None:
        """Nothing, likewise."""


class SparkAdapter(SQLAdapter):
    """What dbt asks about relations, answered from the folder of tables."""

    ConnectionManager = SparkConnectionManager

    @classmethod
    def date_function(cls) -> str:
        return "current_timestamp()"

    @property
    def tables(self) -> Tables:
        """The tables of this thread's connection."""
        handle = self.connections.get_thread_connection().handle
        assert isinstance(handle, Handle)
        return handle.tables

    def list_schemas(self, database: str) -> list[str]:
        return sorted({name.schema for name in self.tables.now()})

    def check_schema_exists(self, database: str, schema: str) -> bool:
        return True

    def create_schema(self, relation: BaseRelation) -> None:
        """Nothing: a schema is a folder, made with its first table."""

    def drop_schema(self, relation: BaseRelation) -> None:
        for name in [name for name in self.tables.now() if name.schema == relation.schema]:
            self.tables.drop(name)

    def list_relations_without_caching(self, schema_relation: BaseRelation) -> list[BaseRelation]:
        return [
            self.Relation.create(
                database=schema_relation.database,
                schema=name.schema,
                identifier=name.table,
                type=RelationType.View if isinstance(kept, View) else RelationType.Table,
            )
            for name, kept in self.tables.now().items()
            if name.schema == schema_relation.schema
        ]

    def get_columns_in_relation(self, relation: BaseRelation) -> list[Column]:
        frame = self.tables.frame(name_of(relation))
        return [Column(f.name, f.dataType.simpleString()) for f in frame.schema]

    def drop_relation(self, relation: BaseRelation) -> None:
        self.cache_dropped(relation)
        self.tables.drop(name_of(relation))

    @available
    def time_zones(self) -> str:
        """The names of the time zones that Spark knows, with spaces between."""
        java: Any = self.tables.session.sparkContext._jvm
        return " ".join(sorted(java.java.time.ZoneId.getAvailableZoneIds()))

    @available
    def load_seed(self, relation: BaseRelation, path: str, types: dict[str, str]) -> None:
        """Write a seed's CSV file as a table, of these types in DuckDB's names, by column."""
        self.tables.load_csv(name_of(relation), path, types)

    def rename_relation(self, from_relation: BaseRelation, to_relation: BaseRelation) -> None:
        raise NotImplementedError("relations are replaced whole, never renamed")

    def truncate_relation(self, relation: BaseRelation) -> None:
        raise NotImplementedError("relations are replaced whole, never emptied")


def name_of(relation: BaseRelation) -> Name:
    """The name that a relation has among the tables."""
    return Name(str(relation.schema), str(relation.identifier))


Plugin = AdapterPlugin(
    adapter=SparkAdapter,  # type: ignore[arg-type]
    credentials=SparkCredentials,
    include_path=include.PACKAGE_PATH,
)
