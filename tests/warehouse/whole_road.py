"""The whole road for made-up files: landing → gate → log → every model of the warehouse."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.event_log import EventLog
from ingestion.record import record
from ingestion.settings import Settings
from ingestion.sources import find, mapped
from tests.warehouse.built_warehouse import build


def settings_of(root: Path) -> Settings:
    """Settings of a pipeline that lives in `root`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_ROOT", str(root))
        return Settings.read("test")


def land(root: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files into the landing folder of `root`; names are `<source>/<file>`."""
    landing = settings_of(root).landing
    for name, content in files.items():
        path = landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def record_all(root: Path, now: datetime) -> None:
    """Record at the log's time `now` what has landed, of every source that has a folder."""
    settings = settings_of(root)
    settings.secret_file.write_text("a secret of the tests")
    EventLog(settings.log).open()
    for folder in sorted(path for path in settings.landing.iterdir() if path.is_dir()):
        record(find(folder.name, settings), settings, now)


def build_log(
    root: Path,
    variables: Mapping[str, object] | None = None,
    select: Sequence[str] = ("*",),
    threads: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """Build models from the log of `root`, with its mappings; a read-only connection."""
    mappings = mapped.staging(EventLog(settings_of(root).log))
    given = {"mappings": mappings, **(variables or {})}
    return build(root, select, given, with_data_tests=False, threads=threads)
