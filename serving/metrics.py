"""Asks the current release for metrics, by MetricFlow: `make metric`.

What the metrics are is said in dbt_project/models/5_marts/_metrics.yml. The build leaves it as a
semantic manifest that names the warehouse's tables; here the release stands in the warehouse's
place, so nobody waits for the file that is being built.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from ingestion.errors import IngestionError
from ingestion.settings import Settings
from serving import publish
from serving.errors import NotPublished, QueryError, ServingError
from serving.table import table
from serving.warehouse import environment, write_whole


def main() -> int:
    """Print the metrics that were asked for, or what may be asked."""
    parser = argparse.ArgumentParser(prog="make metric", description=__doc__)
    parser.add_argument("--name", default="sample")
    parser.add_argument("--metric", default="", help="one or several, with commas; none: the list")
    parser.add_argument("--by", default="", help="dimensions with commas, e.g. metric_time__month")
    parser.add_argument("--format", default="", choices=["", "table", "csv"])
    asked = parser.parse_args()
    try:
        settings = Settings.read(asked.name)
        if asked.metric:
            print(query(settings, asked.metric, asked.by, is_csv=asked.format == "csv"), end="")
        else:
            print("\n".join(listed(settings)))
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def listed(settings: Settings) -> list[str]:
    """Every metric with what it means, and the dimensions by which they can be asked."""
    manifest = semantic_manifest(settings)
    dimensions = {
        f"{model['entities'][0]['name']}__{dimension['name']}"
        for model in manifest["semantic_models"]
        for dimension in model["dimensions"]
        if dimension["type"] == "categorical"
    }
    return [
        *table(
            ["metric", "what it is"],
            [[metric["name"], metric["description"]] for metric in manifest["metrics"]],
        ),
        "",
        "BY= metric_time__day, metric_time__week, metric_time__month, and where the metric has it: "
        + ", ".join(sorted(dimensions)),
    ]


def query(settings: Settings, metrics: str, by: str = "", is_csv: bool = False) -> str:
    """The answer of `mf query` as text: a table, or CSV with a header.

    `metrics` and `by` are names with commas. Raises QueryError, in MetricFlow's words, where it
    cannot be answered.
    """
    known = {metric["name"] for metric in semantic_manifest(settings)["metrics"]}
    unknown = [name for name in metrics.split(",") if name.strip() not in known]
    if unknown:
        raise QueryError(
            f"there is no metric {', '.join(unknown)}; make metric lists them: "
            f"{', '.join(sorted(known))}"
        )
    folder = settings.root / "dbt" / "metrics"
    write_project(settings, folder)
    with tempfile.TemporaryDirectory() as answers:
        answer = Path(answers) / "answer.csv"
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("mf")),
                *("query", "--quiet", "--metrics", metrics),
                *(("--group-by", by, "--order", by) if by else ()),
                *(("--csv", str(answer)) if is_csv else ()),
            ],
            cwd=folder,
            env={
                **environment(settings),
                "DBT_PROJECT_DIR": str(folder),
                "DBT_PROFILES_DIR": str(folder),
                "PYTHONWARNINGS": "ignore",
            },
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).split("Log File")[0]
            raise QueryError(f"MetricFlow cannot answer: {said.strip()}")
        return answer.read_text() if is_csv else done.stdout


def write_project(settings: Settings, folder: Path) -> None:
    """Write a dbt project into `folder` that has the release where the warehouse would be."""
    release = publish.current(settings) / "journeys.duckdb"
    database = settings.warehouse.stem
    output = {
        "type": "duckdb",
        "path": ":memory:",
        "database": database,
        "schema": "main",
        "threads": 2,
        "attach": [{"path": str(release), "alias": database, "read_only": True}],
        "settings": {"TimeZone": "UTC"},
    }
    (folder / "target").mkdir(parents=True, exist_ok=True)
    for name, content in {
        "dbt_project.yml": {"name": "journeys", "profile": "journeys"},
        "profiles.yml": {"journeys": {"target": "release", "outputs": {"release": output}}},
    }.items():
        write_whole(folder / name, yaml.safe_dump(content))
    # mf looks for it here and nowhere else
    manifest = json.dumps(semantic_manifest(settings))
    write_whole(folder / "target" / "semantic_manifest.json", manifest)


def semantic_manifest(settings: Settings) -> dict[str, Any]:
    """What the last build says of its metrics."""
    path = settings.root / "dbt" / "target" / "semantic_manifest.json"
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise NotPublished(f"{path} is missing: the warehouse was not built here") from None


if __name__ == "__main__":
    sys.exit(main())
