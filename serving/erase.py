"""Erases one person: from landing folder, log, quarantine and every kept release.

The person is the whole customer: all identifiers that resolve to one with the identifier given. A
register of their keyed hashes is written first; it keeps them out when an export is pulled again,
and with it an erasure that was killed is completed by running it again.
"""

import json
import re
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.erased import Register
from ingestion.erasure import Erasures, parts_of, sweep
from ingestion.event_log import EventLog
from ingestion.identifiers import Identifiers
from ingestion.settings import Settings
from ingestion.store import Store, at
from serving import postgres, publish, warehouse
from serving.errors import NotFound
from serving.marts import quoted
from serving.report import page

HASH = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Erased:
    """What an erasure did, in counts: nothing in it says who."""

    identifiers: int
    records: int
    swept: Erasures = field(default_factory=Erasures)
    releases: int = 0
    release_rows: int = 0
    pages: int = 0
    server_rows: int | None = None

    def lines(self) -> list[str]:
        """The report for people."""
        swept = self.swept
        lines = [
            f"registered    keyed hashes: {self.identifiers:,} of identifiers, "
            f"{self.records:,} of records",
            f"log           {swept.log_files:,} files written anew: {swept.events_removed:,} "
            f"events removed, {swept.events_cleaned:,} of others cleaned",
            f"landing       {swept.landing_files:,} files written anew, "
            f"{swept.landing_files_removed:,} removed; {swept.landing_records:,} records",
            f"quarantine    {swept.quarantine_records:,} records",
            f"releases      {self.releases:,} written anew, {self.release_rows:,} rows removed, "
            f"{self.pages:,} pages deleted",
            "warehouse     deleted, to be built from the log",
        ]
        if self.server_rows is not None:
            lines.append(f"PostgreSQL    {self.server_rows:,} rows deleted")
        if swept.landing_files_unfinished:
            lines.append(
                f"NOT DONE      {swept.landing_files_unfinished:,} landing files that are hidden "
                "or still being copied name the person: erase again later, or delete them"
            )
        if swept.landing_files_with_other_names:
            lines.append(
                f"NOT DONE      {swept.landing_files_with_other_names:,} landing files have other "
                "names (hard links), which still hold what they held"
            )
        return lines


def hashed(settings: Settings, person: str) -> str:
    """The keyed hash behind `<type>:<value>`; a hash or customer id stands for itself.

    Raises NotFound where the value cannot be an identifier. It is not repeated.
    """
    person = person.strip()
    if HASH.fullmatch(person):
        return person
    kind, colon, value = person.partition(":")
    if not colon:
        raise NotFound("PERSON= takes <type>:<value>, such as email:…, or a customer id")
    identifiers = Identifiers(settings.secret(), settings.default_region)
    ((found, problem),) = identifiers.read([kind], [value])
    if found is None:
        raise NotFound(f"the {kind} given cannot be used: {problem}")
    return found


def erase(settings: Settings, person: str, now: datetime, server: str | None = None) -> Erased:
    """Erase the customer with the identifier hash `person`, at the log's time `now` (naive UTC).

    Builds the warehouse first where it is behind the log, to know who the person is; appending
    waits meanwhile. The warehouse is deleted in the end: whoever calls builds and publishes.
    `server` is the URL of the PostgreSQL server that holds the release, too.
    Raises NotFound where the hash names nobody and nothing, or is shared by many.
    """
    log = EventLog(settings.log)
    register = Register.of(settings.log)
    with log.alone():
        identifiers: set[str] = set()
        records: set[str] = set()
        if person not in register.hashes():
            identifiers, records = known(settings, person)
            register.add(identifiers | records)
        swept = sweep(settings, now)
        done = Erased(len(identifiers), len(records), swept)
        with warehouse.sole_writer(settings):
            folders = publish.releases(settings)
            server_rows = None
            if server:
                # first, while the releases still say under which names
                names = set[str]().union(*(names_in(folder, register) for folder in folders))
                server_rows = sum(postgres.erase(server, names).values())
            cleaned = [release_without(settings, folder, register) for folder in folders]
        pages = pages_without(settings, register)
        warehouse.delete(settings)
    return Erased(
        done.identifiers,
        done.records,
        swept,
        releases=sum(1 for rows in cleaned if rows),
        release_rows=sum(cleaned),
        pages=pages,
        server_rows=server_rows,
    )


def known(settings: Settings, person: str) -> tuple[set[str], set[str]]:
    """The keyed hashes of the person's identifiers, and of the records that are theirs."""
    built = warehouse.last_build(settings)
    if built is None or built.fingerprint != warehouse.fingerprint_of(settings, "", ""):
        warehouse.build(settings)
    with duckdb.connect(settings.warehouse, read_only=True) as connection:
        row = connection.execute(
            "select min(customer_id) from int_identifier_customers "
            "where identifier_hash = $person or customer_id = $person",
            {"person": person},
        ).fetchone()
        customer_id = row[0] if row else None
        if customer_id is None:
            blocked = connection.execute(
                "select rule from customer_id_map where identifier_hash = ? and valid_to is null",
                [person],
            ).fetchone()
            if blocked:
                raise NotFound(f"that identifier names nobody: {blocked[0]}")
            # In no event: what was set aside, or is yet to come, may still name them.
            return {person}, set()
        identifiers = {
            hash
            for (hash,) in connection.execute(
                "select identifier_hash from int_identifier_customers where customer_id = ?",
                [customer_id],
            ).fetchall()
        }
        paths = EventLog(settings.log).addresses(connection)
        # Those that name them, and those that are theirs by subject or conversation; none that
        # is somebody else's in another version.
        records = set(
            connection.execute(
                """
                with owners as (
                    select source, record_type, record_key, customer_id from int_journey_steps
                    union all
                    select events.source, events.record_type, events.record_key, owners.customer_id
                    from read_parquet($paths, hive_partitioning = false) as events
                    join int_event_customers as owners using (event_id)
                )
                select source, record_type, record_key
                from owners
                group by all
                having bool_and(customer_id = $customer_id)
                """,
                {"paths": paths, "customer_id": customer_id},
            ).fetchall()
        )
    records |= parts_of(settings, records)
    name = Identifiers(settings.secret(), settings.default_region)
    return identifiers, {name.hash("record", "/".join(record)) for record in records}


def release_without(settings: Settings, folder: Path, register: Register) -> int:
    """Write a release anew without the customers of the register; returns the rows removed.

    Each of its files is replaced whole. Nothing is written where it does not hold them. Who has
    the old file open keeps it until they close it.
    """
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        old = publish.text(folder / "journeys.duckdb")
        connection.execute(f"attach {old} as release (read_only)")
        theirs = customers_of(connection, register)
        tables = {
            name: [
                column
                for (column,) in connection.execute(
                    "select column_name from duckdb_columns() where database_name = 'release' "
                    "and table_name = ? and data_type = 'VARCHAR' order by column_index",
                    [name],
                ).fetchall()
            ]
            for (name,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'release' "
                "order by table_name"
            ).fetchall()
        }
        connection.register("theirs", pa.table({"name": pa.array(sorted(theirs), pa.string())}))
        removed = {}
        for name, columns in tables.items():
            condition = is_theirs(columns)
            row = connection.execute(
                f"select count(*) from release.{quoted(name)} where {condition}"
            ).fetchone()
            removed[name] = row[0] if row else 0
        if any(removed.values()):
            store = at(settings.published)
            fresh = store.folder_scratch(
                f"{folder.name}.erased", publish.MARK, publish.cache(settings)
            )
            write_without(connection, folder, fresh, tables, removed)
    if any(removed.values()):
        put_in_place(store, fresh, folder.name)
        page.write(settings, folder.name)
    return sum(removed.values())


def names_in(folder: Path, register: Register) -> set[str]:
    """The names under which the release in a folder knows the people of the register."""
    with duckdb.connect() as connection:
        file = publish.text(folder / "journeys.duckdb")
        connection.execute(f"attach {file} as release (read_only)")
        return customers_of(connection, register)


def customers_of(connection: duckdb.DuckDBPyConnection, register: Register) -> set[str]:
    """The names under which a release knows the people of the register."""
    hashes = register.hashes()
    rows = connection.execute(
        "select distinct identifier_hash, customer_id from release.customer_id_map"
    ).fetchall()
    # Whom that release took for one person with them, it does not tell apart from them.
    return {name for row in rows if row[0] in hashes for name in row if name}


def is_theirs(columns: list[str]) -> str:
    """SQL: whether any of the text columns names somebody in the table `theirs`."""
    found = [f"{quoted(column)} in (select name from theirs)" for column in columns]
    return f"coalesce({' or '.join(found)}, false)" if found else "false"


def write_without(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    fresh: Path,
    tables: dict[str, list[str]],
    removed: dict[str, int],
) -> None:
    """Write those files of a release that change into `fresh`."""
    target = fresh / "journeys.duckdb"
    target.unlink(missing_ok=True)
    connection.execute(
        f"attach {publish.text(target)} as fresh (storage_version '{publish.STORAGE_VERSION}')"
    )
    counts = {}
    for name, columns in tables.items():
        condition = is_theirs(columns)
        connection.execute(
            f"create table fresh.{quoted(name)} as "
            f"select * from release.{quoted(name)} where not {condition}"
        )
        copy_comments(connection, name)
        counts[name] = publish.count(connection, f"fresh.{quoted(name)}")
    release = publish.read_release(folder)
    row_counts = {name: counts[name] for name in release.row_counts}
    connection.execute("update fresh._published set row_counts = ?", [json.dumps(row_counts)])
    for name in tables:
        parquet = folder / f"{name}.parquet"
        if parquet.exists() and (removed[name] or name == "_published"):
            rows = connection.sql(f"select * from fresh.{quoted(name)}").to_arrow_table()
            pq.write_table(
                rows.cast(pq.read_schema(parquet)), fresh / parquet.name, compression="zstd"
            )
    connection.execute("detach fresh")
    changed = asdict(release) | {"row_counts": row_counts}
    (fresh / publish.MARK).write_text(json.dumps(changed, indent=1))


def copy_comments(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Carry the descriptions of a table and its columns over."""
    table = quoted(name)
    ((said,),) = connection.execute(
        "select comment from duckdb_tables() where database_name = 'release' and table_name = ?",
        [name],
    ).fetchall()
    if said:
        connection.execute(f"comment on table fresh.{table} is {publish.text(said)}")
    for column, meaning in connection.execute(
        "select column_name, comment from duckdb_columns() "
        "where database_name = 'release' and table_name = ? and comment is not null",
        [name],
    ).fetchall():
        connection.execute(
            f"comment on column fresh.{table}.{quoted(column)} is {publish.text(meaning)}"
        )


def put_in_place(store: Store, fresh: Path, release_id: str) -> None:
    """Replace the files of a release by those in `fresh`, the DuckDB file last: while it holds the
    person, an erasure that was killed knows that this release is not done."""
    store.delete(f"{release_id}/{publish.PAGE}")
    for path in sorted(fresh.iterdir(), key=lambda path: path.name == "journeys.duckdb"):
        path.chmod(0o444)
        store.put(f"{release_id}/{path.name}", path)
    fresh.rmdir()


def pages_without(settings: Settings, register: Register) -> int:
    """Delete the pages of audits and releases that name somebody of the register; how many."""
    hashes = register.hashes()
    places = [(at(settings.root / "quality"), "**/*.html")]
    places += [(at(settings.published), f"{name}/**/*.html") for name in publish.kept(settings)]
    found = [
        (store, file.key)
        for store, pattern in places
        for file in store.files(pattern)
        if not hashes.isdisjoint(HASH.findall(store.read(file.key).decode()))
    ]
    for store, key in found:
        store.delete(key)
    return len(found)
