"""Which tables are published, and what they say of themselves: the models of 5_marts."""

import json
from dataclasses import dataclass

from ingestion.settings import Settings
from serving.errors import PublishError

FOLDER = "5_marts"


@dataclass(frozen=True)
class Mart:
    """A published table: its name, its SQL name in the warehouse, descriptions by column."""

    name: str
    relation: str
    description: str
    columns: dict[str, str]


def marts(settings: Settings) -> list[Mart]:
    """The published tables of the last build, by name.

    Raises PublishError when there is none, or one lacks a description: people read them.
    """
    manifest = settings.root / "dbt" / "target" / "manifest.json"
    if not manifest.exists():
        raise PublishError(f"{manifest} is missing: the warehouse was not built here")
    nodes = json.loads(manifest.read_text())["nodes"].values()
    found = [
        Mart(
            name=node["alias"],
            relation=f"{quoted(node['schema'])}.{quoted(node['alias'])}",
            description=node["description"].strip(),
            columns={
                column["name"]: column["description"].strip() for column in node["columns"].values()
            },
        )
        for node in nodes
        if node["resource_type"] == "model" and FOLDER in node["fqn"]
    ]
    if not found:
        raise PublishError(f"no model of {FOLDER} in {manifest}")
    for mart in found:
        nameless = [name for name, description in mart.columns.items() if not description]
        if not mart.description or nameless:
            raise PublishError(
                f"{mart.name} has no description of {', '.join(nameless) or 'itself'}"
            )
    return sorted(found, key=lambda mart: mart.name)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
