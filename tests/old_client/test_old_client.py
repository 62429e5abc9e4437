"""A release opens in the oldest DuckDB that is promised, and says there what it says in the newest.

Needs that client in an environment of its own: `make test-old-client` makes it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving import publish
from tests.serving.contract_tables import build_contract_tables, contracts

OLD = Path(__file__).parents[2] / ".venv-old-client" / "bin" / "python"
READ = """
import json, sys, duckdb
folder = sys.argv[1]
release = duckdb.connect(folder + "/journeys.duckdb", read_only=True)
said = {"version": duckdb.__version__}
for (table,) in release.execute("show tables").fetchall():
    for kind, relation in (
        ("duckdb", '"%s"' % table), ("parquet", "'%s/%s.parquet'" % (folder, table))
    ):
        rows = release.execute("select * from %s order by 1" % relation).fetchall()
        said[table + " " + kind] = [[str(cell) for cell in row] for row in rows]
said["comments"] = [
    [str(cell) for cell in row]
    for row in release.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() "
        "where not internal order by all"
    ).fetchall()
]
print(json.dumps(said))
"""


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a release of all published tables."""
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "var"))
    settings = Settings.read("test")
    EventLog(settings.log).open()
    publish.publish(settings, build_contract_tables(settings, rows=500), checks_passed=1)
    return publish.current(settings)


def read(python: Path | str, folder: Path) -> dict:
    """What the DuckDB of that interpreter reads from the release."""
    done = subprocess.run(
        [str(python), "-c", READ, str(folder)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_oldest_client_reads_the_same_rows_types_and_comments(release: Path):
    assert OLD.exists(), "the old client is not installed: make test-old-client"
    old, new = read(OLD, release), read(sys.executable, release)
    assert old.pop("version").startswith("1.1.")
    assert new.pop("version").startswith("2.")
    assert old == new
    for model in contracts():
        for kind in ("duckdb", "parquet"):
            assert len(old[f"{model['name']} {kind}"]) == 500
    assert len(old["comments"]) > 250 and not any(row[3] == "None" for row in old["comments"])


def test_the_oldest_client_cannot_write_a_release(release: Path):
    assert OLD.exists(), "the old client is not installed: make test-old-client"
    done = subprocess.run(
        [
            str(OLD),
            "-c",
            "import sys, duckdb\n"
            "duckdb.connect(sys.argv[1], read_only=True).execute('drop table dim_customers')",
            str(release / "journeys.duckdb"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "read-only" in done.stderr
