"""The warehouse computed once more from the log alone, beside the one that is in use.

So a release can be held against its log, or against what the log knew at another time.
"""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import duckdb

from ingestion.settings import Settings
from serving import publish, warehouse
from serving.errors import NotFound
from serving.marts import marts, quoted


@contextmanager
def built_beside(settings: Settings, as_of: str, known_at: str) -> Iterator[Settings]:
    """A warehouse of the log as of these UTC times, in a folder that is gone afterwards."""
    root = settings.root / "beside"
    settings.root.mkdir(parents=True, exist_ok=True)
    with open(settings.root / "beside.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(root, ignore_errors=True)  # of one that was killed
        root.mkdir()
        try:
            beside = replace(settings, root=root, warehouse=root / "warehouse.duckdb")
            warehouse.build(beside, as_of, known_at)
            yield beside
        finally:
            shutil.rmtree(root, ignore_errors=True)


def differences(settings: Settings, customer: str) -> list[str]:
    """What the current release says of a customer and the log does not, or the other way round.

    `customer` is a customer id or the keyed hash of an identifier. A line a row, by table and key.
    Raises NotFound where the release knows nobody by it.
    """
    release = publish.read_release(publish.current(settings))
    with built_beside(settings, release.as_of, release.known_at) as beside:
        names = {mart.name: mart.relation for mart in marts(beside)}
        with duckdb.connect() as connection:
            file = publish.current(settings) / "journeys.duckdb"
            connection.execute(f"attach {publish.text(file)} as release (read_only)")
            connection.execute(f"attach {publish.text(beside.warehouse)} as replayed (read_only)")
            customer_id = customer_of(connection, customer)
            return [
                line
                for name, relation in sorted(names.items())
                if "customer_id" in columns_of(connection, name)
                for line in rows_apart(connection, name, relation, customer_id)
            ]


def customer_of(connection: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The customer of the attached release behind an id or an identifier's hash."""
    row = connection.execute(
        """
        select min(customer_id) from (
            select customer_id from release.dim_customers where customer_id = $asked
            union all
            select customer_id from release.customer_id_map
            where identifier_hash = $asked and valid_to is null
        )
        """,
        {"asked": asked},
    ).fetchone()
    if row is None or row[0] is None:
        raise NotFound("the release knows nobody by that")
    return str(row[0])


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The columns of a table of the attached release."""
    return [
        column
        for (column,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = 'release' "
            "and table_name = ? order by column_index",
            [table],
        ).fetchall()
    ]


def rows_apart(
    connection: duckdb.DuckDBPyConnection, table: str, relation: str, customer_id: str
) -> list[str]:
    """The rows of a customer that only one of the two has."""
    columns = ", ".join(quoted(column) for column in columns_of(connection, table))
    both = {
        "the release": f"select {columns} from release.{quoted(table)} where customer_id = $id",
        "the log": f"select {columns} from replayed.{relation} where customer_id = $id",
    }
    found = []
    for where, other in (("the release", "the log"), ("the log", "the release")):
        rows = connection.execute(
            f"({both[where]}) except all ({both[other]}) order by all", {"id": customer_id}
        ).fetchall()
        found += [f"{table}: only {where} has {row[0]}" for row in rows]
    return found
