"""The warehouse DAG: what fails its audit is not published, and readers keep what they have."""

import json
from typing import Any

import duckdb
import pytest

from dags.local.run import RunFailed, run_dag
from expectations import published
from expectations.published import _never
from ingestion.settings import Settings
from serving import publish, warehouse
from serving.report import page


@pytest.fixture
def built(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of one table, made without dbt, and a page without figures."""

    def build(settings: Settings, as_of: str = "", known_at: str = "") -> warehouse.Build:
        made = warehouse.Build(
            build_id=f"2026070{1 + len(publish.releases(settings))}T000000Z-00000000",
            fingerprint=warehouse.fingerprint_of(settings, as_of, known_at),
            as_of=as_of,
            known_at=known_at,
        )
        warehouse.write_whole(warehouse.built_path(settings), json.dumps(made.__dict__))
        return made

    with duckdb.connect(settings.warehouse) as connection:
        connection.execute("create or replace table dim_customers as select 1.0 as score")
        connection.execute(
            "create or replace table stg_run as select timestamp '2026-06-30' as as_of, "
            "timestamp '2026-07-01' as known_at, 'p' as log_position, '1.0.0' as rule_version"
        )
    manifest = settings.root / "dbt" / "target" / "manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(
        json.dumps(
            {
                "nodes": {
                    "model.journeys.dim_customers": {
                        "resource_type": "model",
                        "fqn": ["journeys", "5_marts", "dim_customers"],
                        "schema": "main",
                        "alias": "dim_customers",
                        "description": "customers",
                        "columns": {
                            "score": {
                                "name": "score",
                                "description": "points",
                                "meta": {"unit": "fp"},
                            }
                        },
                    }
                }
            }
        )
    )
    monkeypatch.setattr(warehouse, "build", build)
    monkeypatch.setattr(page, "read", lambda release, as_of, rule_version: None)
    monkeypatch.setattr(page, "page", lambda release, figures: "<!doctype html>")
    good = {"dim_customers": [_never("score < 0", "a score is never negative")]}
    monkeypatch.setattr(published, "SUITES", good)


def test_build_audit_publish_and_report_follow_each_other_and_a_second_run_is_skipped(
    dags: dict[str, Any], settings: Settings, built: None
):
    times = {"as_of": "2026-06-30", "known_at": ""}
    states = run_dag(dags["warehouse"], times)
    done = dict.fromkeys(("build", "audit", "publish", "report"), "success")
    assert states == {**done, "postgres": "skipped"}
    release = publish.read_release(publish.current(settings))
    assert release.checks_passed == 1
    assert (publish.current(settings) / "data_docs" / "index.html").exists()

    again = run_dag(dags["warehouse"], times)
    assert set(again.values()) == {"skipped"}
    assert publish.read_release(publish.current(settings)) == release


def test_a_deleted_warehouse_is_built_again_though_its_release_is_current(
    dags: dict[str, Any], settings: Settings, built: None
):
    times = {"as_of": "2026-06-27", "known_at": ""}
    run_dag(dags["warehouse"], times)
    warehouse.built_path(settings).unlink()
    assert run_dag(dags["warehouse"], times)["build"] == "success"


def test_a_build_that_fails_its_audit_fails_the_run_and_the_old_release_stays(
    dags: dict[str, Any], settings: Settings, built: None, monkeypatch: pytest.MonkeyPatch
):
    run_dag(dags["warehouse"], {"as_of": "2026-06-29", "known_at": ""})
    before = publish.current(settings)
    worse = {"dim_customers": [_never("score > 0", "there is no friction in this world")]}
    monkeypatch.setattr(published, "SUITES", worse)
    with pytest.raises(RunFailed, match=r"audit.*there is no friction in this world"):
        run_dag(dags["warehouse"], {"as_of": "2026-06-28", "known_at": ""})
    assert publish.current(settings) == before
    audits = sorted((settings.root / "quality").iterdir())
    assert "Failed" in (audits[-1] / "index.html").read_text()


def test_a_time_without_a_zone_fails_the_build(
    dags: dict[str, Any], settings: Settings, built: None
):
    with pytest.raises(RunFailed, match="no time zone"):
        run_dag(dags["warehouse"], {"as_of": "2026-06-30T12:00:00", "known_at": ""})
