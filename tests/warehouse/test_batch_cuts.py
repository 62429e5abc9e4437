"""What the warehouse says is a function of what the log knew, not of how it came to know it."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.record import record
from ingestion.settings import Settings
from ingestion.sources import all_sources
from tests.sample_company.company import simulate
from tests.warehouse.built_warehouse import build

RECORDED_AT = datetime(2026, 7, 1, 12)
LATER = RECORDED_AT + timedelta(days=3)
BATCHES = 5


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state root whose log holds what a small company's systems exported, recorded at once."""
    root = tmp_path_factory.mktemp("whole")
    end = datetime.fromisoformat("2026-06-30T23:59:59+00:00")
    simulate(root / "landing", None, 60, 2, 11, end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_ROOT", str(root))
        settings = Settings.read("sample")
    for source in all_sources(settings).values():
        record(source, settings, RECORDED_AT)
    return root


def _cut(whole: Path, root: Path) -> Path:
    """The same log in other batches, out of order, with repetitions and news recorded later."""
    rng = random.Random(5)
    for file in sorted((whole / "log").rglob("*.parquet")):
        rows = pq.ParquetFile(file).read().to_pylist()
        headers = [row for row in rows if row["record_type"] == "batch"]
        if not headers:  # the file that gives an empty log its columns
            continue
        # What the header says of the files is said once, however often they are cut.
        header = headers[0]
        further = {**header, "payload": json.dumps({"files": [], "events": 0})}
        events = [row for row in rows if row["record_type"] != "batch"]
        rng.shuffle(events)
        folder = root / "log" / file.parent.name
        folder.mkdir(parents=True)
        schema = pq.ParquetFile(file).schema_arrow
        for number in range(BATCHES):
            name = f"{file.stem[:8]}-{number}"
            own = [{**row, "batch_id": name} for row in events[number::BATCHES]]
            said = further if number else header
            own.append({**said, "batch_id": name, "record_key": name, "event_id": name})
            pq.write_table(pa.Table.from_pylist(own, schema), folder / f"{name}.parquet")
        again = [
            {**row, "batch_id": "again", "recorded_at": LATER}
            for row in rng.sample(events, len(events) // 3)
        ]
        news = [
            {
                **row,
                "event_id": f"{row['event_id'][:-4]}news",
                "record_key": f"{row['record_key']}-news",
                "batch_id": "again",
                "recorded_at": LATER,
            }
            for row in rng.sample(events, len(events) // 10)
        ]
        late = {**header, "batch_id": "again", "record_key": "again", "recorded_at": LATER}
        pq.write_table(
            pa.Table.from_pylist([*again, *news, late], schema), folder / "again.parquet"
        )
    return root


def test_batch_cuts_repetitions_and_later_news_change_nothing_that_was_known(
    whole: Path, tmp_path: Path
) -> None:
    _cut(whole, tmp_path)
    times = {"known_at": f"{RECORDED_AT}"}
    build(whole, ["*"], with_data_tests=False).close()
    build(tmp_path, ["*"], times, with_data_tests=False).close()
    with duckdb.connect() as connection:
        connection.execute(f"attach '{whole}/warehouse.duckdb' as whole (read_only)")
        connection.execute(f"attach '{tmp_path}/warehouse.duckdb' as cut (read_only)")
        tables = [
            path.stem
            for path in sorted(Path("dbt_project/models/5_marts").glob("*.sql"))
            if not path.stem.startswith("_")
        ]
        different = {
            table: rows
            for table in tables
            if (
                rows := connection.execute(
                    f"""
                    (from whole.{table} except all from cut.{table})
                    union all
                    (from cut.{table} except all from whole.{table})
                    """
                ).fetchall()
            )
        }
        counts = connection.execute("select count(*) from whole.fct_interactions").fetchone()
    assert counts is not None and counts[0] > 100
    assert not different, {table: rows[:2] for table, rows in different.items()}
