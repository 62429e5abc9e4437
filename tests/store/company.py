"""A small company's way from its exports to a release, wherever its state is kept."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.record import record
from ingestion.settings import Settings
from ingestion.sources import all_sources
from ingestion.store import at
from serving import publish, warehouse
from serving.report import page
from tests.sample_company.company import simulate

FIRST, SECOND, THIRD = (datetime(2026, 7, day, 12) for day in (1, 2, 3))


def export(folder: Path) -> None:
    """What the systems of a company of twenty customers hold at the end of two months."""
    simulate(folder, None, 20, 2, 11, datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC))


def is_late(path: Path) -> bool:
    """Whether a file of the export is the one that comes a day later than the others."""
    return path.parent.name == "connect" and path == sorted(path.parent.iterdir())[-1]


def land(settings: Settings, folder: Path, only: Callable[[Path], bool]) -> None:
    """Copy files of an export into the landing place, wherever that is."""
    store = at(settings.landing)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and only(path):
            key = path.relative_to(folder).as_posix()
            fresh = store.scratch(key)
            shutil.copyfile(path, fresh)
            store.put(key, fresh)


def run(settings: Settings, now: datetime) -> warehouse.Build:
    """Record what is new, build, publish, and write the page."""
    for source in all_sources(settings).values():
        record(source, settings, now)
    built = warehouse.build(settings)
    docs = publish.data_docs(settings, built.build_id)
    docs.mkdir(parents=True)
    (docs / "index.html").write_text("<!doctype html>passed")
    page.write(settings, publish.publish(settings, built.build_id, 1).release_id)
    return built


def differences(one: Settings, other: Settings) -> list[str]:
    """The published tables that are not the same in the current releases of two states."""
    a, b = publish.current(one), publish.current(other)
    names = {path.name for path in a.glob("*.parquet")} - {"_published.parquet"}
    assert len(names) > 20 and names == {
        path.name for path in b.glob("*.parquet") if path.name != "_published.parquet"
    }
    return [
        name
        for name in sorted(names)
        for x, y in ((a, b), (b, a))
        if duckdb.execute(
            f"select count(*) from (from read_parquet('{x / name}') except all "
            f"from read_parquet('{y / name}'))"
        ).fetchone()
        != (0,)
    ]
