"""Reads the README as its readers do: code blocks, and the commands in them and between them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADER = re.compile(r"\w+(,\w+)+\n")
QUESTION = re.compile(r"^\*\*(\d+)\. (.+?)\*\*.*?^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block: its language ('' for commands and files as they stand) and its text."""

    language: str
    text: str


def blocks() -> list[Block]:
    """The code blocks, in order."""
    return [Block(*found) for found in BLOCK.findall(README.read_text())]


def commands() -> list[str]:
    """Every command that a reader may type, each once: in blocks, and as `make …` in the text.

    A block without a language holds commands, or the rows of a CSV file below their header.
    """
    shown = [
        line
        for block in blocks()
        if block.language == "" and not HEADER.match(block.text)
        for line in block.text.splitlines()
    ]
    prose = BLOCK.sub("", README.read_text())
    return list(dict.fromkeys([*shown, *re.findall(r"`(make(?: [^`]*)?)`", prose)]))


def stand_ins(root: Path) -> dict[str, str]:
    """What stands for the README's examples on a sample company: a journey, a promise, a mail."""
    release = (root / "published" / "current").resolve() / "journeys.duckdb"
    with duckdb.connect(release, read_only=True) as connection:
        ((journey, promise),) = connection.execute(
            "select max_by(journey_id, points), (select min(promise_id) from fct_promises) "
            "from fct_journeys"
        ).fetchall()
    truth = json.loads((root / "truth.json").read_text())
    email = next(
        customer["identifiers"]["email"][0]
        for customer in truth["customers"]
        if customer["identifiers"].get("email")
    )
    return {"<journey_id>": journey, "<promise_id>": promise, "ann@example.org": email}


def mapped_example(folder: Path, number: int) -> Path:
    """The README's first mapping (0) or last (-1), with rows, in a folder of a source's name."""
    mapping = [block.text for block in blocks() if block.language == "yaml"][number]
    example = folder / "repairs"
    example.mkdir(parents=True)
    (example / "mapping.yml").write_text(mapping)
    if number == 0:
        (rows,) = [block.text for block in blocks() if block.text.startswith("job,")]
        (example / "jobs.csv").write_text(rows)
    else:
        columns = re.search(r"with the columns `([^`]+)`", README.read_text())
        assert columns is not None
        header = ["event_id", *columns.group(1).split(", ")]
        row = {"event_id": "e1", "customer": "ann", "occurred_at": "2026-03-01 09:00"}
        row |= {"channel": "phone", "touchpoint": "phone.service", "signal": "contact.problem"}
        cells = [row.get(column, "") for column in header]
        (example / "events.csv").write_text(",".join(header) + "\n" + ",".join(cells) + "\n")
    return example


def questions() -> dict[str, str]:
    """The analysts' questions and the SQL that answers each, by number."""
    found = QUESTION.findall(README.read_text())
    return {number: sql for number, _, sql in found}
