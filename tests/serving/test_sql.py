"""The shell on a release answers questions, tells what there is, and cannot write anything."""

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import Settings
from serving import publish, sql
from serving.errors import QueryError


@pytest.fixture
def connection(settings: Settings, built) -> Iterator[duckdb.DuckDBPyConnection]:
    publish.publish(settings, built(1, rows=300), checks_passed=1)
    with sql.opened(settings) as opened:
        yield opened


@pytest.fixture
def typed(
    connection: duckdb.DuckDBPyConnection,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[str], tuple[str, str]]:
    """What the shell says, in both streams, to the text that is typed."""

    def type_(text: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        sql.shell(connection, "table")
        captured = capsys.readouterr()
        return captured.out, captured.err

    return type_


def answered(connection: duckdb.DuckDBPyConnection, query: str, form: str = "csv") -> str:
    out = io.StringIO()
    sql.answer(connection, query, form, out)
    return out.getvalue()


@pytest.mark.parametrize(
    "query",
    [
        "create table x as select 1",
        "delete from dim_customers",
        "copy (select 1) to '{folder}/out.csv'",
        "attach '{folder}/other.duckdb'",
        "export database '{folder}/all'",
        "select * from read_csv('{folder}/in.csv')",
        "set enable_external_access = true",
    ],
)
def test_nothing_is_written_and_no_other_file_is_read(connection, tmp_path: Path, query: str):
    (tmp_path / "in.csv").write_text("a\n1\n")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(QueryError):
        answered(connection, query.format(folder=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_statement_may_span_lines_and_a_quote_may_hold_a_semicolon(typed):
    out, err = typed("select 'a;\nb' as words,\n 1 as n;\nselect 2 as second; select 3 as third;\n")
    assert "words" in out and "second" in out and "third" in out
    assert err == ""


def test_the_last_statement_needs_no_semicolon_and_a_mistake_does_not_end_the_shell(typed):
    out, err = typed("selec 1;\nselect 41 + 1 as answer")
    assert "syntax error" in err and "Traceback" not in err
    assert "42" in out


def test_the_shell_says_which_tables_and_columns_there_are_and_what_they_mean(typed):
    out, err = typed(".tables\n.describe dim_customers\n.describe nothing\n.help\n.quit\nselect 1;")
    assert "One row per row of dim_customers" in out
    assert "the score, in words" in out
    assert "there is no table nothing" in err and "fct_interactions" in err
    assert ".describe <table>" in out


def test_csv_holds_every_row_and_a_table_says_when_there_are_more(connection):
    query = "select customer_id, null as nothing from dim_customers"
    lines = answered(connection, query).splitlines()
    assert lines[0] == "customer_id,nothing"
    assert len(lines) == 301 and lines[1] == "0,"
    shown = answered(connection, query, "table")
    assert "more than 200 rows" in shown


def test_what_an_export_brought_does_not_steer_the_terminal(connection):
    assert "\x1b" not in answered(connection, "select chr(27) || '[2J' as cell", "table")


def test_an_open_shell_stays_on_its_release(settings: Settings, built, connection):
    publish.publish(settings, built(2, rows=10), checks_passed=1)
    assert answered(connection, "select count(*) as n, max(version) as v from dim_customers") == (
        "n,v\n300,1\n"
    )
