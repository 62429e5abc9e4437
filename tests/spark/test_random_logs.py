"""Random logs on Spark: what it publishes of them is DuckDB's, from nothing and from the news.

Orders and signals by mappings, a city's requests on its own clocks, and people of whom everything
meets everything: merged, told apart, decided about; in any order, late, repeated.
"""

import csv
import io
import random
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.event_log import SCHEMA
from tests.spark.compared import built, differences
from tests.spark.test_equal_tables import copy
from tests.warehouse import test_laws as laws
from tests.warehouse import test_mapped_logs as stated
from tests.warehouse.test_identity_over_time import world
from tests.warehouse.whole_road import land, record_all
from tests.warehouse.written_log import write_batch

SEED = 4
NOW = datetime(2027, 2, 1, 12)
WORLDS_FROM = datetime(2026, 9, 1)
# The city's clocks go back on 6 November 2033, and on 1 November 2026.
WEEKS_BACK = timedelta(weeks=366)
NEWS, REPEATED, LAST_DAYS = 0.1, 0.05, timedelta(days=20)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A state whose log holds most of the events, and one that holds all: the news is batches."""
    draw = random.Random(SEED)
    root, most = tmp_path_factory.mktemp("all"), tmp_path_factory.mktemp("most")
    land(root, laws.MAPPINGS | histories(draw) | statements() | requests())
    record_all(root, NOW)
    for number in range(4):
        write_batch(root / "log", f"world{number}", list(world(SEED + number, WORLDS_FROM)))
    cut(root, most, draw)
    return most, root


def histories(draw: random.Random) -> dict[str, str]:
    """A quarter of the histories of the laws, two and two to be merged; some rows in two files."""
    files = {}
    for source, told in laws.TOLD.items():
        rows = [row for row in told if int(str(row["who"])[1:4]) % 8 < 2]
        draw.shuffle(rows)
        for number in range(3):
            own = [*rows[number::3], *draw.sample(rows, len(rows) // 10)]
            files[f"{source}/{number}.csv"] = laws.as_csv(own)
    return files


def statements() -> dict[str, str | bytes]:
    """Signals over years and many epochs, of customers with odd names."""
    last: dict[str, datetime] = {}
    for signal in stated.SIGNALS:
        last[signal.customer_id] = max(
            signal.occurred_at, last.get(signal.customer_id, signal.occurred_at)
        )
    signals = [signal for signal in stated.SIGNALS if last[signal.customer_id] < NOW]
    return {
        "statements/mapping.yml": stated.MAPPING.format(format="csv", key="key: event_id"),
        "statements/log.csv": stated.written(
            "crm", [signal for signal in signals if signal.source == "crm"]
        ),
    }


def requests() -> dict[str, str | bytes]:
    """The city's requests, of another year."""
    text = io.StringIO()
    rows = stated.requests()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    for row in rows:
        for column in ("open_dt", "sla_target_dt", "closed_dt"):
            if row[column][:1].isdigit():
                row[column] = str(datetime.fromisoformat(row[column]) - WEEKS_BACK)
        table.writerow(row)
    return {
        "requests/mapping.yml": stated.SHIPPED.read_bytes(),
        "requests/311.csv": text.getvalue(),
    }


def cut(root: Path, most: Path, draw: random.Random) -> None:
    """Take some events of any time out of the log's batches, into later ones; `most` is without.

    The later ones repeat some events, too, and alone reach the last days.
    """
    (most / "secret").write_text((root / "secret").read_text())
    files = sorted((root / "log").rglob("*.parquet"))
    batches = {file: pq.ParquetFile(file).read().to_pylist() for file in files}
    end = max(row["occurred_at"] for rows in batches.values() for row in rows if is_header(row))
    for file, rows in batches.items():
        target = most / file.relative_to(root)
        if not rows:  # the one that shows the columns
            write(target, rows)
            continue
        (header,) = (row for row in rows if is_header(row))
        events = [row for row in rows if not is_header(row)]
        draw.shuffle(events)
        # What happened in the last days comes with them, whatever the order of the others.
        events.sort(key=lambda row: row["occurred_at"] <= end - LAST_DAYS)
        last = sum(row["occurred_at"] > end - LAST_DAYS for row in events)
        news = last + round(len(events) * NEWS)
        early = {**header, "occurred_at": min(header["occurred_at"], end - LAST_DAYS)}
        name = f"{file.stem}-news"
        late = {**header, "event_id": name, "record_key": name}
        again = draw.sample(events[news:], round(len(events[news:]) * REPEATED))
        write(file, [early, *events[news:]])
        write(target, [early, *events[news:]])
        if news:
            said = {"batch_id": name, "recorded_at": NOW + timedelta(hours=1)}
            later = [{**row, **said} for row in (late, *events[:news], *again)]
            write(file.with_stem(name), later)


def is_header(row: dict) -> bool:
    return row["record_type"] == "batch"


def write(file: Path, rows: list[dict]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file)


def test_random_logs_in_full_and_in_a_slice_on_spark(
    logs: tuple[Path, Path], tmp_path: Path
) -> None:
    most, whole = logs
    on_spark, on_duckdb = copy(most, tmp_path / "spark"), copy(most, tmp_path / "duckdb")
    assert built(on_spark, TARGET="spark") == "full"
    assert built(on_duckdb) == "full"
    assert differences(on_duckdb, on_spark) == {}
    for file in (whole / "log").rglob("*-news.parquet"):
        target = on_spark / file.relative_to(whole)
        target.write_bytes(file.read_bytes())
    assert built(on_spark, TARGET="spark") == "slice"
    all_at_once = copy(whole, tmp_path / "whole")
    assert built(all_at_once) == "full"
    assert differences(all_at_once, on_spark) == {}
    holds_what_is_to_be_tried(all_at_once)


def holds_what_is_to_be_tried(root: Path) -> None:
    """A log that shows nothing of something proves nothing of it."""
    counts = """
        select
            (select count(*) from fct_friction) > 3000,
            (select count(distinct signal) from fct_friction) > 25,
            (select count(distinct part) from fct_friction) = 5,
            (select count(*) from fct_promises where is_broken) > 100,
            (select count(*) from rpt_demoted_links) > 0,
            (select count(*) from customer_id_map where valid_to is not null) > 50,
            (select count(*) from rpt_interventions) > 0,
            (select count(*) from rpt_top_fixes) > 10
    """
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as connection:
        (row,) = connection.execute(counts).fetchall()
    assert all(row), row
