"""What the names of a Spark build stand for, as a folder says it: Parquet files, texts of views.

`<schema>/<table>.json` says what a name stands for, and replacing that file is what replaces a
table: whoever is killed in between leaves the table that was. Each table's rows are in a folder of
their own, written once. There is no metastore.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

# The schema of temporary tables.
TEMPORARY = "temporary"


class Name(NamedTuple):
    """A table's name."""

    schema: str
    table: str

    @property
    def on_spark(self) -> str:
        """The one word by which the session knows it."""
        return f"{self.schema}__{self.table}".lower()


@dataclass(frozen=True)
class Files:
    """A table: Parquet files of these columns (Spark's JSON form)."""

    path: str
    columns: str | None


@dataclass(frozen=True)
class View:
    """A view: a query in Spark's words, the names that it reads, and how many tables in the end."""

    sql: str
    reads: tuple[Name, ...]
    scans: int


def read(record: Path) -> Files | View:
    """What a name's file says."""
    said: dict[str, Any] = json.loads(record.read_text())
    if said.pop("kind") == "View":
        return View(said["sql"], tuple(Name(*read) for read in said["reads"]), said["scans"])
    return Files(**said)


def record_of(folder: Path, name: Name) -> Path:
    """The file that says what a name stands for."""
    return folder / name.schema / f"{name.table}.json"


def write_record(folder: Path, name: Name, kept: Files | View) -> None:
    """Say what a name stands for, in one step."""
    record = record_of(folder, name)
    record.parent.mkdir(parents=True, exist_ok=True)
    part = record.with_name(f".{record.name}.part")
    part.write_text(json.dumps({"kind": type(kept).__name__, **vars(kept)}))
    part.replace(record)
