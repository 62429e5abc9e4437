"""`make run` does the whole job, says what there is, and changes nothing when nothing is new."""

import json
import os
import re
import subprocess
from pathlib import Path

import duckdb
import pytest

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from ingestion.sources import MODULES
from serving.explain.stories import explain
from tests.end_to_end.conftest import Make
from tests.sample_company.people import FIRST, LAST
from tests.serving.personal_data import People, looks_personal

Done = subprocess.CompletedProcess[str]


def release(root: Path) -> Path:
    return (root / "published" / "current").resolve()


def settings_of(root: Path) -> Settings:
    """The settings under which the commands ran."""
    before = os.environ.get("JOURNEYS_ROOT")
    os.environ["JOURNEYS_ROOT"] = str(root)
    try:
        return Settings.read("sample")
    finally:
        del os.environ["JOURNEYS_ROOT"]
        if before is not None:
            os.environ["JOURNEYS_ROOT"] = before


def content(folder: Path) -> dict[str, str]:
    """A digest of each published table's rows, in any order; the release's own row left out."""
    with duckdb.connect(folder / "journeys.duckdb", read_only=True) as connection:
        tables = [row[0] for row in connection.execute("show tables").fetchall()]
        return {
            table: str(
                connection.execute(
                    f"select count(*), bit_xor(hash(rows)), sum(hash(rows)) from {table} as rows"
                ).fetchone()
            )
            for table in tables
            if table != "_published"
        }


def test_make_run_goes_from_exports_to_a_release(first_run: Done, root: Path):
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    headers = EventLog(root / "log").headers()
    assert {header.source for header in headers} == set(MODULES) - {"decisions"}  # nobody decided
    with duckdb.connect(release(root) / "journeys.duckdb", read_only=True) as connection:
        customers = connection.execute("select count(*) from dim_customers").fetchone()
        channels = connection.execute("select distinct channel from fct_interactions").fetchall()
    assert customers is not None and customers[0] > 0
    assert {("phone",), ("email",), ("web",), ("store",)} <= set(channels)
    assert (root / "secret").stat().st_mode & 0o777 == 0o600


def test_the_last_lines_say_what_there_is_and_where_to_look(first_run: Done, root: Path):
    events = sum(header.events for header in EventLog(root / "log").headers())
    said = first_run.stdout
    assert f"{events:,} events in the log" in said
    for word in ("customers", "journeys", "promises", "phone", "email", "web", "store"):
        assert word in said
    assert str(root / "published" / "current" / "report.html") in said
    assert "make explain" in said
    assert "Traceback" not in said + first_run.stderr


def test_the_page_and_the_data_docs_stand_beside_the_tables(first_run: Done, root: Path):
    page = (release(root) / "report.html").read_text()
    with duckdb.connect(release(root) / "journeys.duckdb", read_only=True) as connection:
        numbers = connection.execute(
            "select count(*) filter (where level >= 2), count(*) from dim_customers"
        ).fetchone()
    assert numbers is not None
    assert f"<h1>{numbers[0] or 'None'} of {numbers[1]:,} customers need" in page
    assert "default-src 'none'" in page and "src=" not in page[: page.index("<script>")]
    docs = release(root) / "data_docs"
    index = (docs / "index.html").read_text()
    assert "Success" in index and "Failed" not in index
    for link in re.findall(r'href="([^"]+)"', page + index):
        assert link.startswith("#") or ((docs if link in index else docs.parent) / link).exists()
    assert "dim_customers" in index and "connect" in index  # both doors


def test_a_second_run_changes_nothing_says_so_and_does_not_start_dbt(
    first_run: Done, make: Make, root: Path
):
    before = release(root)
    second = make("run")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "Nothing new" in second.stdout
    assert release(root) == before
    assert not (root / "dbt" / "dbt.out").exists()


def test_a_rebuild_gives_the_same_rows(first_run: Done, make: Make, root: Path):
    before, rows = release(root), content(release(root))
    rebuilt = make("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
    assert release(root) != before
    assert content(release(root)) == rows


def test_status_and_explain_read_the_release(first_run: Done, make: Make, root: Path):
    status = make("status")
    assert status.returncode == 0, status.stderr
    assert "dim_customers" in status.stdout and "up to the log" in status.stdout
    with duckdb.connect(release(root) / "journeys.duckdb", read_only=True) as connection:
        customer = connection.execute(
            "select customer_id from dim_customers order by score desc, customer_id limit 1"
        ).fetchone()
    assert customer is not None
    told = make("explain", CUSTOMER=customer[0])
    assert told.returncode == 0, told.stderr
    assert customer[0] in told.stdout and "Journey" in told.stdout
    unknown = make("explain", CUSTOMER="email:nobody@nowhere.example")
    assert unknown.returncode != 0
    assert "nobody@nowhere" not in unknown.stdout + unknown.stderr.split("make:")[0]


def test_a_customer_is_found_by_what_the_company_knows_them_by(
    first_run: Done, make: Make, root: Path
):
    truth = json.loads((root / "truth.json").read_text())
    shared = {each for one in truth["shared"] for each in json.dumps(one).split('"')}
    found = 0
    for customer in truth["customers"][:20]:
        for kind in ("user_id", "email"):
            value = customer["identifiers"].get(kind, [""])[0]
            if value and value not in shared:
                told = explain(settings_of(root), "customer", f"{kind}:{value}")
                assert told[0].startswith("Customer ")
                assert value not in "\n".join(told)
                found += 1
                break
    assert found > 5


def test_no_published_column_and_no_page_shows_a_person(first_run: Done, root: Path):
    truth = json.loads((root / "truth.json").read_text())
    people = known_people(truth)
    assert len(people.identifiers) > 100 and len(people.numbers) > 20
    with duckdb.connect(release(root) / "journeys.duckdb", read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where not internal and data_type in ('VARCHAR', 'VARCHAR[]', 'JSON')"
        ).fetchall()
        assert len(columns) > 100
        for table, column in columns:
            for (cell,) in connection.execute(
                f'select distinct "{column}"::varchar from "{table}" where "{column}" is not null'
            ).fetchall():
                # The found kind is shown, not the cell.
                assert not looks_personal(cell) | people.in_text(cell), f"{table}.{column}"
    pages = sorted(release(root).rglob("*.html"))
    assert len(pages) > 40
    for page in pages:
        # Program code is not ours: only what it is given and what is shown.
        shown = re.sub(
            r"<script(?![^>]*json)[^>]*>.*?</script>|<style.*?</style>",
            " ",
            page.read_text(),
            flags=re.DOTALL,
        )
        assert not looks_personal(shown) | people.in_text(shown), page
    said = first_run.stdout + first_run.stderr
    assert not looks_personal(said) | people.in_text(said)


def known_people(truth: dict) -> People:
    """The sample company's customers by every name and identifier they have."""
    identifiers: dict[str, list[str]] = {}
    for customer in truth["customers"]:
        for kind, values in customer["identifiers"].items():
            identifiers.setdefault(kind, []).extend(values)
    return People.of(identifiers, FIRST, LAST)


def test_a_time_that_is_none_is_refused_before_anything_runs(make: Make):
    for wrong in ("yesterday", "2026-03-31T12:00:00"):
        done = make("run", AS_OF=wrong)
        assert done.returncode != 0
        assert "AS_OF" in done.stderr and "preparing" not in done.stdout


def test_a_folder_of_sources_that_is_not_there_is_refused(make: Make, tmp_path: Path):
    done = make("run", SOURCES=str(tmp_path / "missing"))
    assert done.returncode != 0
    assert "no such folder" in done.stderr


def test_a_folder_of_sources_with_nothing_in_it_is_refused(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "nothing").mkdir()
    for place in ("LOG", "QUARANTINE", "WAREHOUSE", "PUBLISHED"):
        monkeypatch.setenv(f"JOURNEYS_{place}", str(tmp_path / place))
    done = make("run", SOURCES=str(tmp_path / "nothing"))
    assert done.returncode != 0
    assert "the log is empty, so nothing is published" in done.stderr
