"""Reads the README as its readers do: code blocks, and the commands in them and between them."""

import re
from dataclasses import dataclass
from pathlib import Path

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


def questions() -> dict[str, str]:
    """The analysts' questions and the SQL that answers each, by number."""
    found = QUESTION.findall(README.read_text())
    return {number: sql for number, _, sql in found}
