"""Every published table that Spark builds is DuckDB's: on a company, on stories, and on the news.

On the local master of one process; test_cluster.py has the real one.
"""

import shutil
from datetime import datetime
from pathlib import Path

import pytest

from ingestion.record import record
from ingestion.sources import all_sources
from serving import warehouse
from serving.metrics import semantic_manifest
from tests.sample_company.company import simulate
from tests.scenarios.test_golden_stories import root as stories  # noqa: F401 - a fixture
from tests.spark.compared import built, differences, settings_of
from tests.warehouse.test_slices import _append, _parts


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state whose log holds what a small company's systems exported."""
    root = tmp_path_factory.mktemp("company")
    end = datetime.fromisoformat("2026-06-30T23:59:59+00:00")
    simulate(root / "landing", None, 30, 2, 11, end)
    settings = settings_of(root)
    for source in all_sources(settings).values():
        record(source, settings, datetime(2026, 7, 1, 12))
    return root


def test_a_company_and_every_data_test_on_spark(company: Path, tmp_path: Path) -> None:
    on_spark = copy(company, tmp_path / "spark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_TARGET", "spark")
        warehouse.build(settings_of(on_spark))
    on_duckdb = copy(company, tmp_path / "duckdb")
    built(on_duckdb)
    assert differences(on_duckdb, on_spark) == {}
    asked = [semantic_manifest(settings_of(root)) for root in (on_duckdb, on_spark)]
    assert asked[0] == asked[1], "metrics are asked of other tables"


def test_the_stories_on_spark(stories: Path, tmp_path: Path) -> None:  # noqa: F811
    for target in ("spark", "duckdb"):
        built(copy(stories, tmp_path / target), TARGET=target)
    assert differences(tmp_path / "duckdb", tmp_path / "spark") == {}


def test_a_slice_on_spark_gives_what_a_full_build_gives(company: Path, tmp_path: Path) -> None:
    parts = _parts(company)
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    _append(grown, parts, [0])
    assert built(grown, TARGET="spark") == "full"
    _append(grown, parts, [1])
    assert built(grown, TARGET="spark") == "slice"
    _append(whole, parts, [0, 1])
    assert built(whole) == "full"
    assert differences(whole, grown) == {}


def copy(state: Path, to: Path) -> Path:
    """The log and the secret of a state, in another place."""
    shutil.copytree(state / "log", to / "log")
    shutil.copy(state / "secret", to / "secret")
    return to
