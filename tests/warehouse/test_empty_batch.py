"""A file that gave nothing costs the release nothing."""

from datetime import datetime
from pathlib import Path

from tests.warehouse.built_warehouse import build
from tests.warehouse.whole_road import land, record_all

NOW = datetime(2026, 4, 1)


def test_a_source_whose_files_gave_no_event_does_not_fail_the_build(tmp_path: Path):
    land(tmp_path, {"connect/empty.ndjson": "", "segment/bad.ndjson": "{bad\n"})
    record_all(tmp_path, NOW)
    warehouse = build(tmp_path, ["stg_run", "stg_batches"])
    found = warehouse.execute("select source, covers_until from stg_batches order by 1").fetchall()
    assert found == [("connect", None), ("segment", None)]
