"""The release on a PostgreSQL server: whole, described, swapped under readers who never wait."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from dags.releasing import CONNECTION, AirflowSkipException, release_to_postgres
from serving import postgres
from serving.errors import PublishError
from serving.publish import read_release
from tests.postgres.conftest import PASSWORD, Url
from tests.serving.contract_tables import contracts

Release = Callable[..., Path]
TABLES = [model["name"] for model in contracts()]
# The build's number is the microsecond of the first row's time in every table that has one.
VERSIONS = """
select
    (select extract(microseconds from min(occurred_at))::int % 1000 from journeys.fct_interactions),
    (select extract(microseconds from min(opened_at))::int % 1000 from journeys.fct_journeys),
    (select extract(microseconds from min(first_seen_at))::int % 1000 from journeys.dim_customers),
    (select substr(log_position, 10)::int from journeys._published)
"""
READER = """
import os, sys, psycopg2
url, until, query = sys.argv[1:]
reads = 0
connection = psycopg2.connect(url)
connection.autocommit = True
cursor = connection.cursor()
while not os.path.exists(until):
    cursor.execute(query)
    versions = set(cursor.fetchone())
    assert len(versions) == 1, versions
    reads += 1
print(reads)
"""
LAST = next(m for m in contracts() if m["name"] == "rpt_transitions")["columns"][-1]["name"]
# Publishes, and dies by SIGKILL before its n-th statement.
KILLED = """
import os, signal, sys
from pathlib import Path
from serving import postgres
url, folder, last = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
run, calls = postgres.run, 0
def dying(*arguments):
    global calls
    calls += 1
    if calls == last:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(*arguments)
postgres.run = dying
postgres.publish(url, folder)
"""


def engine_of(url: str, **options: str) -> sa.Engine:
    """SQLAlchemy's engine, with the driver that the lock has."""
    return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg2:"), **options)


def ask(url: str, query: str) -> list[tuple]:
    """All rows of a query, by SQLAlchemy."""
    engine = engine_of(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(sa.text(query))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        engine.dispose()


def psql(url: str, query: str) -> str:
    """What psql prints for a query."""
    done = subprocess.run(
        ["psql", url, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", query],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def version(url: str) -> int:
    """The number of the build that the server holds, the same in all its tables."""
    ((first, *others),) = ask(url, VERSIONS)
    assert {first, *others} == {first}
    return first


def content(url: str) -> dict[str, list[tuple]]:
    """Every row of every table, in order."""
    return {table: ask(url, f"select * from journeys.{table} order by 1, 2") for table in TABLES}


@pytest.fixture
def owner(url: Url) -> Iterator[str]:
    """The URL of the role that publishes, into a database without our schema."""
    yield url("owner")
    ask(url("owner"), "drop schema if exists journeys cascade")


@contextmanager
def reading(url: str, *queries: str) -> Iterator[Callable[[str], list[tuple]]]:
    """A transaction of a reader that stays open, and sees one state of the database."""
    engine = engine_of(url, isolation_level="REPEATABLE READ")
    with engine.connect() as connection:

        def ask_again(query: str) -> list[tuple]:
            return [tuple(row) for row in connection.execute(sa.text(query))]

        for query in queries:
            ask_again(query)
        yield ask_again
    engine.dispose()


def test_the_server_holds_the_rows_of_the_release(owner: str, release: Release):
    folder = release()
    published = postgres.publish(owner, folder)
    assert postgres.published(owner) == published.release_id == folder.name
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        for table, rows in read_release(folder).row_counts.items():
            assert psql(owner, f"select count(*) from journeys.{table}") == str(rows)
            there = ask(owner, f"select * from journeys.{table}")
            here = connection.execute(f"select * from {table}").fetchall()
            assert sorted(there, key=repr) == sorted(here, key=repr), table
    assert psql(owner, "select release_id || rule_version from journeys._published") == (
        folder.name + "1.0.0"
    )


def test_types_and_comments_arrive(owner: str, release: Release):
    postgres.publish(owner, release())
    engine = engine_of(owner)
    inspector = sa.inspect(engine)
    expected = {
        "varchar": sa.TEXT,
        "bigint": sa.BIGINT,
        "integer": sa.INTEGER,
        "double": sa.DOUBLE_PRECISION,
        "boolean": sa.BOOLEAN,
        "timestamp": sa.TIMESTAMP,
        "date": sa.DATE,
        "decimal": sa.NUMERIC,
    }
    for model in contracts():
        columns = {each["name"]: each for each in inspector.get_columns(model["name"], "journeys")}
        assert list(columns) == [column["name"] for column in model["columns"]]
        for column in model["columns"]:
            there = columns[column["name"]]
            assert isinstance(there["type"], expected[column["data_type"].split("(")[0]])
            unit = column["config"]["meta"]["unit"]
            assert there["comment"] == f"{column['description'].strip()} [{unit}]"
        comment = inspector.get_table_comment(model["name"], "journeys")
        assert comment == {"text": model["description"].strip()}
    engine.dispose()
    assert isinstance(ask(owner, "select max(points) from journeys.fct_journeys")[0][0], Decimal)
    said = psql(owner, "select obj_description('journeys._published'::regclass)")
    assert said == "One row: the release, and what it was made from."


def test_grants_indexes_and_views_of_analysts_survive(owner: str, url: Url, release: Release):
    postgres.publish(owner, release(1))
    for statement in (
        "grant usage, create on schema journeys to analyst",
        "grant select on all tables in schema journeys to analyst",
        "create index by_customer on journeys.fct_journeys (customer_id)",
        "alter table journeys.dim_customers add note text",
    ):
        ask(owner, statement)
    analyst = url("analyst")
    ask(
        analyst,
        "create view journeys.latest as "
        "select max(first_seen_at) as at from journeys.dim_customers",
    )
    before = ask(analyst, "select * from journeys.latest")
    postgres.publish(owner, release(2))
    after = ask(analyst, "select * from journeys.latest")
    assert (after[0][0] - before[0][0]).microseconds == 1
    assert version(analyst) == 2
    assert ask(owner, "select to_regclass('journeys.by_customer') is not null") == [(True,)]
    assert ask(owner, "select count(*), count(note) from journeys.dim_customers") == [(100, 0)]
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        ask(analyst, "delete from journeys.dim_customers")


def test_a_reader_in_the_middle_holds_nothing_up_and_never_sees_a_mix(owner: str, release: Release):
    postgres.publish(owner, release(1))
    with reading(owner, "select count(*) from journeys.fct_interactions") as again:
        started = time.monotonic()
        postgres.publish(owner, release(2))
        postgres.publish(owner, release(3))
        assert time.monotonic() - started < 60
        # All tables, also those not read before, are of the moment at which the reader began.
        assert again(VERSIONS) == [(1, 1, 1, 1)]
    assert version(owner) == 3


def test_readers_without_pause_see_no_error_and_no_mix(
    owner: str, release: Release, tmp_path: Path
):
    postgres.publish(owner, release(1))
    over = tmp_path / "over"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, owner, str(over), VERSIONS],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    folders = [release(number) for number in (2, 3)]
    for number in range(6):
        postgres.publish(owner, folders[number % 2])
    over.touch()
    for reader in readers:
        reads, errors = reader.communicate(timeout=60)
        assert reader.returncode == 0, errors
        assert int(reads) > 100


def test_a_killed_publish_leaves_the_old_data_whole_and_a_rerun_ends_equal(
    owner: str, release: Release, monkeypatch: pytest.MonkeyPatch
):
    first, second = release(1), release(2)
    calls = 0
    run = postgres.run

    def counted(*arguments: object) -> list[tuple]:
        nonlocal calls
        calls += 1
        return run(*arguments)  # type: ignore[arg-type]

    postgres.publish(owner, first)
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "run", counted)
        postgres.publish(owner, second)
    wanted = content(owner)
    postgres.publish(owner, first)
    before = content(owner)
    assert before != wanted
    for step in (2, 8, calls // 3, calls // 2, calls - 3, calls):
        done = subprocess.run([sys.executable, "-c", KILLED, owner, str(second), str(step)])
        assert done.returncode == -signal.SIGKILL
        assert content(owner) == before
    for _ in range(2):
        postgres.publish(owner, second)
        assert content(owner) == wanted


def test_new_columns_and_new_tables_are_added(owner: str, release: Release):
    folder = release()
    postgres.publish(owner, folder)
    wanted = content(owner)
    ask(owner, f"alter table journeys.rpt_transitions drop column {LAST}")
    ask(owner, "drop table journeys.rpt_interventions")
    postgres.publish(owner, folder)
    there = content(owner)
    # A column that was added stands at the end, where it was in this table.
    assert there == wanted


def test_a_column_of_another_type_is_refused_by_name_and_the_old_data_stay(
    owner: str, release: Release
):
    postgres.publish(owner, release(1))
    ask(owner, "alter table journeys.fct_promises alter chase_count type integer")
    with pytest.raises(PublishError, match=r"journeys\.fct_promises\.chase_count as integer"):
        postgres.publish(owner, release(2))
    assert version(owner) == 1


def test_a_new_column_waits_for_readers_a_moment_only(
    owner: str, release: Release, monkeypatch: pytest.MonkeyPatch
):
    postgres.publish(owner, release(1))
    ask(owner, "alter table journeys.fct_promises drop column chase_count")
    monkeypatch.setattr(postgres, "LOCK_TIMEOUT", "200ms")
    second = release(2)
    with reading(owner, "select count(*) from journeys.fct_promises"):
        with pytest.raises(PublishError, match="lock timeout"):
            postgres.publish(owner, second)
        assert version(owner) == 1
    postgres.publish(owner, second)
    assert version(owner) == 2


def test_empty_tables_and_odd_characters_arrive(owner: str, release: Release, tmp_path: Path):
    folder = tmp_path / "odd"
    shutil.copytree(release(rows=3), folder)
    (folder / "journeys.duckdb").chmod(0o644)
    with duckdb.connect(folder / "journeys.duckdb") as connection:
        connection.execute(
            "update fct_interactions set reason = 'a' || chr(0) || 'b\\' || chr(10) || '\"ж'"
        )
    postgres.publish(owner, folder)
    assert ask(owner, "select distinct reason from journeys.fct_interactions") == [('ab\\\n"ж',)]
    postgres.publish(owner, release(2, rows=0))
    assert ask(owner, "select count(*) from journeys.fct_interactions") == [(0,)]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda url: url.replace("a%20p", "another%20p"),
        lambda url: url.replace("postgresql:", "postgresql:x:"),
        lambda url: url.replace("127.0.0.1:", "127.0.0.1:x"),
        lambda url: url.replace("/bi", "/nowhere"),
        lambda url: url.replace("owner:a%20p%40ss%2Fword@", "") + "?user=owner&password=another",
        lambda url: f"host=127.0.0.1 user=owner password='{PASSWORD}'",
    ],
)
def test_no_message_holds_the_password(owner: str, release: Release, wrong):
    with pytest.raises(PublishError) as raised:
        postgres.publish(wrong(owner), release())
    said = f"{raised.value} {raised.value.__cause__} {raised.getrepr(style='short')}"
    for secret in (PASSWORD, "a%20p%40ss", "another", "p%40ss", "p@ss"):
        assert secret not in str(raised.value)
    assert raised.value.__cause__ is None
    assert "PostgreSQL" in said
    assert "p%40ss" not in postgres.shown(owner) and PASSWORD not in postgres.shown(owner)


def test_a_customer_is_erased_from_every_table(owner: str, release: Release):
    postgres.publish(owner, release())
    gone, kept = "customer_id 7", "customer_id 8"
    before = ask(owner, f"select count(*) from journeys.dim_customers where customer_id = '{gone}'")
    assert before == [(1,)]
    deleted = postgres.erase(owner, [gone, "nobody"])
    assert deleted["dim_customers"] == 1
    assert set(deleted) == {
        model["name"]
        for model in contracts()
        if any(column["name"] == "customer_id" for column in model["columns"])
    }
    for table in deleted:
        found = f"select count(*) from journeys.{table} where customer_id = '{gone}'"
        assert ask(owner, found) == [(0,)]
    assert ask(
        owner, f"select count(*) from journeys.dim_customers where customer_id = '{kept}'"
    ) == [(1,)]
    assert postgres.erase(owner, [gone])["dim_customers"] == 0


def test_the_task_publishes_where_a_server_is_named_and_is_skipped_where_not(
    owner: str, release: Release, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JOURNEYS_ROOT", str(release(1).parents[1]))
    with pytest.raises(AirflowSkipException, match="no server is named"):
        release_to_postgres()
    monkeypatch.setenv(postgres.SETTING, owner)
    release_to_postgres()
    assert version(owner) == 1
    with pytest.raises(AirflowSkipException, match="holds the current release"):
        release_to_postgres()
    monkeypatch.delenv(postgres.SETTING)
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{CONNECTION.upper()}", owner.replace("postgresql:", "postgres:")
    )
    monkeypatch.setenv("JOURNEYS_ROOT", str(release(2).parents[1]))
    release_to_postgres()
    assert version(owner) == 2
