"""Which tables are published, and what they say of themselves: the models right in 5_marts."""

import json
from dataclasses import dataclass

from ingestion.settings import Settings
from serving.errors import PublishError

FOLDER = "5_marts"
# What a published column is counted in, or what it is. Each states one in its .yml, as
# `config: {meta: {unit: …}}`.
UNITS = {
    "id": "a key, here or of another table or system: to be compared, not read",
    "hash": "keyed hash of an identifier",
    "word": "one of a few words",
    "text": "words for people",
    "yes/no": "true or false",
    "UTC": "an instant, in UTC",
    "date": "calendar day in UTC",
    "month": "calendar month in UTC, YYYY-MM",
    "time zone": "IANA name",
    "seconds": "whole seconds",
    "days": "whole local days",
    "count": "how many",
    "place": "rank or position",
    "level": "level of intervention, 0 to 4",
    "fp": "friction points",
    "micro-fp": "millionths of a friction point, exact",
    "millionths": "of what is 1",
    "256ths": "of the unit of the signal's measure",
    "share": "0 to 1",
    "percentile": "0 to 100",
    "of 5": "an answer on a scale of 1 to 5",
    "money": "in the company's own currency",
    "fp per interaction": "friction points by interactions",
    "contacts per order": "contacts by orders",
    "as in unit": "whatever the column `unit` of the row says",
    "epoch": "number of a decay period of 32 half-lives",
    "weight": "integer weight of an hour in its decay period",
    "JSON": "an object as JSON text",
}


@dataclass(frozen=True)
class Mart:
    """A published table: its SQL name in the warehouse; descriptions and units by column."""

    name: str
    relation: str
    description: str
    columns: dict[str, str]
    units: dict[str, str]

    def text_columns(self) -> list[str]:
        """The columns that hold words or keys of other systems."""
        return [column for column, unit in self.units.items() if unit in ("id", "word", "text")]


def marts(settings: Settings) -> list[Mart]:
    """The published tables of the last build, by name.

    Raises PublishError when there is none, or one lacks a description or a unit: people read them.
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
            units={
                column["name"]: column.get("meta", {}).get("unit", "")
                for column in node["columns"].values()
            },
        )
        for node in nodes
        if node["resource_type"] == "model" and node["fqn"][-2] == FOLDER
    ]
    if not found:
        raise PublishError(f"no model of {FOLDER} in {manifest}")
    for mart in found:
        nameless = [name for name, description in mart.columns.items() if not description]
        if not mart.description or nameless:
            raise PublishError(
                f"{mart.name} has no description of {', '.join(nameless) or 'itself'}"
            )
        unitless = [name for name, unit in mart.units.items() if unit not in UNITS]
        if unitless:
            raise PublishError(
                f"{mart.name} has no known unit of {', '.join(unitless)}: in its .yml write "
                f"config: {{meta: {{unit: …}}}} with one of {', '.join(UNITS)}"
            )
    return sorted(found, key=lambda mart: mart.name)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
