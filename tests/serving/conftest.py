"""A small warehouse as dbt leaves it, without dbt: tables, manifest, and the build's own word."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from ingestion.event_log import EventLog
from ingestion.settings import Settings
from serving import publish, warehouse

TABLES = {
    "fct_interactions": "interaction_id varchar, version bigint, channel varchar",
    "dim_customers": "customer_id varchar, version bigint, score double",
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a state of the test's own."""
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path / "var"))
    made = Settings.read("test")
    EventLog(made.log).open()
    return made


@pytest.fixture
def built(settings: Settings) -> Callable[..., str]:
    """Leave a finished build in the warehouse: built(version=1, rows=10) -> build id.

    Every row of every table says which version it is of, so that a mixed release shows.
    """

    def build(version: int = 1, rows: int = 10) -> str:
        with duckdb.connect(settings.warehouse) as connection:
            for name, columns in TABLES.items():
                connection.execute(f"create or replace table {name} ({columns})")
            connection.execute(
                "insert into fct_interactions select range::varchar, $v, 'phone' from range($n)",
                {"v": version, "n": rows},
            )
            connection.execute(
                "insert into dim_customers select range::varchar, $v, range from range($n)",
                {"v": version, "n": rows},
            )
            connection.execute(
                "create or replace table stg_run as select timestamp '2026-06-30 12:00:00' as "
                "as_of, timestamp '2026-07-01 00:00:00' as known_at, 'position' as log_position, "
                "'1.0.0' as rule_version"
            )
        write_manifest(settings)
        build_id = f"20260701T00{version // 60:02d}{version % 60:02d}Z-{version:08d}"
        warehouse.write_whole(
            warehouse.built_path(settings),
            json.dumps(
                {"build_id": build_id, "fingerprint": f"f{version}", "as_of": "", "known_at": ""}
            ),
        )
        page = publish.data_docs(settings, build_id) / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("<!doctype html>all passed")
        return build_id

    return build


def write_manifest(settings: Settings) -> None:
    """The part of dbt's manifest that publishing reads."""
    nodes = {
        f"model.journeys.{name}": {
            "resource_type": "model",
            "fqn": ["journeys", "5_marts", name],
            "schema": "main",
            "alias": name,
            "description": f"One row per row of {name}; it's described.",
            "columns": {
                column.split()[0]: {
                    "name": column.split()[0],
                    "description": f"the {column.split()[0]}, in words",
                    "meta": {"unit": "fp" if column.startswith("score") else "id"},
                }
                for column in columns.split(", ")
            },
        }
        for name, columns in TABLES.items()
    }
    nodes["model.journeys.stg_run"] = {
        "resource_type": "model",
        "fqn": ["journeys", "1_staging", "stg_run"],
        "schema": "main",
        "alias": "stg_run",
        "description": "",
        "columns": {},
    }
    path = settings.root / "dbt" / "target" / "manifest.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"nodes": nodes}))
