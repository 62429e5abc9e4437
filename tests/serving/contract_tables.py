"""A warehouse with every published table, its columns as the contracts say, filled without dbt."""

import json
from pathlib import Path

import duckdb
import yaml

from ingestion.settings import Settings
from serving import publish, warehouse

MARTS = Path(__file__).parents[2] / "dbt_project" / "models" / "5_marts"
# Values by type, from the row number i and the number of the build v: some null, text with quotes,
# markup and letters outside ASCII.
VALUES = {
    "varchar": "case when i % 11 = 10 then null else '{column}''s <b>№' || i % 7 || '</b>' end",
    "boolean": "case when i % 5 = 4 then null else i % 2 = 0 end",
    "timestamp": "case when i % 9 = 8 then null else timestamp '2026-01-01' + to_microseconds("
    "i * 86399000001 + {v}) end",
    "date": "date '2026-01-01' + i::integer",
    "integer": "(i % 5)::integer",
    "bigint": "case when i % 13 = 12 then null else i * 1000003 end",
    "double": "case when i % 13 = 11 then null else i / 7.0 end",
    "decimal": "i * 1.000001",
}


def contracts() -> list[dict]:
    """The models of the published tables as their .yml files describe them."""
    return [
        model
        for path in sorted(MARTS.glob("*.yml"))
        for model in yaml.safe_load(path.read_text()).get("models", [])
    ]


def build_contract_tables(settings: Settings, version: int = 1, rows: int = 100) -> str:
    """Leave a finished build of all published tables, `rows` rows each; returns its build id.

    A table's first column is its key, unlike in any other row; `version` shows in all times.
    """
    with duckdb.connect(settings.warehouse) as connection:
        for model in contracts():
            columns = ", ".join(
                f"({value(column, number, version)})::{column['data_type']} as {column['name']}"
                for number, column in enumerate(model["columns"])
            )
            connection.execute(
                f"create or replace table {model['name']} as select {columns} "
                f"from range({rows}) as rows (i)"
            )
        connection.execute(
            "create or replace table stg_run as select timestamp '2026-06-30 12:00:00' as as_of, "
            f"timestamp '2026-07-01 00:00:00' as known_at, 'position {version}' as log_position, "
            "'1.0.0' as rule_version"
        )
    nodes = {
        f"model.journeys.{model['name']}": {
            "resource_type": "model",
            "fqn": ["journeys", "5_marts", model["name"]],
            "schema": "main",
            "alias": model["name"],
            "description": model["description"],
            "columns": {
                column["name"]: {
                    "name": column["name"],
                    "description": column["description"],
                    "meta": column["config"]["meta"],
                }
                for column in model["columns"]
            },
        }
        for model in contracts()
    }
    manifest = settings.root / "dbt" / "target" / "manifest.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"nodes": nodes}))
    build_id = f"20260701T{version:06d}Z-{version:08d}"
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


def value(column: dict, number: int, version: int) -> str:
    """SQL for a value of the column in row i."""
    type_ = column["data_type"].split("(")[0]
    if number == 0 and type_ == "varchar":
        return f"'{column['name']} ' || i"
    return VALUES[type_].format(column=column["name"], v=version)
