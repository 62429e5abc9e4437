"""Writes the documentation of every table, with its lineage, as one page: `make docs`.

The page is dbt's own, as `dbt docs generate --static` fills it: the manifest of the build that
made the release, and a catalog, here of what the release holds. So it takes no further run of dbt
and waits for no build. It needs no network.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import duckdb
from dbt.task.docs import DOCS_INDEX_FILE_PATH

from ingestion.errors import IngestionError
from ingestion.settings import Settings
from serving import publish
from serving.errors import NotPublished, ServingError
from serving.warehouse import PROJECT, write_whole


def main() -> int:
    """Write the page and say where it is."""
    parser = argparse.ArgumentParser(prog="make docs", description=__doc__)
    parser.add_argument("--name", default="sample")
    asked = parser.parse_args()
    try:
        print(write(Settings.read(asked.name)))
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def write(settings: Settings) -> Path:
    """Write `docs/index.html` below the state's root and return its path."""
    path = settings.root / "dbt" / "target" / "manifest.json"
    if not path.exists():
        raise NotPublished(f"{path} is missing: the warehouse was not built here")
    manifest = json.loads(path.read_text())
    with duckdb.connect(publish.current(settings) / "journeys.duckdb", read_only=True) as release:
        catalog = {
            "metadata": manifest["metadata"],
            "nodes": nodes(release, manifest),
            "sources": {},
            "errors": None,
        }
    text = Path(DOCS_INDEX_FILE_PATH).read_text()
    for place, data in (("MANIFEST.JSON", manifest), ("CATALOG.JSON", catalog)):
        # what a mapping says must not end the script that it stands in
        inline = json.dumps(data).replace("</", "<\\/")
        for folder, name in ((PROJECT, PROJECT.name), (settings.root, settings.root.name)):
            inline = inline.replace(str(folder), name)
        text = text.replace(f'"{place} INLINE DATA"', inline)
    page = settings.root / "docs" / "index.html"
    page.parent.mkdir(exist_ok=True)
    write_whole(page, text)
    return page


def nodes(release: duckdb.DuckDBPyConnection, manifest: dict[str, Any]) -> dict[str, Any]:
    """The columns and types of every published table, in the form of dbt's catalog."""
    ids = {
        node["alias"]: unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }
    found: dict[str, Any] = {}
    for table, column, type_, comment in release.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() "
        "where not internal order by table_name, column_index"
    ).fetchall():
        if table not in ids:
            continue
        node = found.setdefault(
            ids[table],
            {
                "unique_id": ids[table],
                "metadata": {"type": "table", "schema": "main", "name": table, "owner": None},
                "columns": {},
                "stats": {},
            },
        )
        node["columns"][column] = {
            "name": column,
            "index": len(node["columns"]) + 1,
            "type": type_.lower(),
            "comment": comment,
        }
    return found


if __name__ == "__main__":
    sys.exit(main())
