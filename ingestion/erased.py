"""Who was erased: a register of keyed hashes, and how the traces of a person are found in records.

The register holds the hashes of the person's identifiers and of the records that were theirs, and
nothing else. With it alone the log can be swept again and a re-pulled export kept out.
"""

import csv
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingestion.identifiers import LONGEST, Identifiers
from ingestion.store import Place, Store, at
from ingestion.times import literal

TYPES = Path(__file__).parents[1] / "dbt_project" / "seeds" / "identifier_types.csv"
REGISTER = "erased.txt"
PROBLEM = "erased"  # what an identifier says whose hash was replaced by one that nobody has
INSTEAD = "[erased]"
# What is looked for inside of texts: mail addresses, and numbers as they are dialled abroad.
TOKEN = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|\+[1-9][0-9]{7,14}"
_TOKEN = re.compile(TOKEN)
_NUMBER_AT_THE_END = re.compile(r"(?<=/)\d+$")  # of an id such as gid://shop/Customer/5
SHORTEST_NUMBER = 6  # digits; a shorter one is an identifier where its field is called an id


@dataclass(frozen=True)
class Register:
    """The register in one file with the log: one hash a line, sorted."""

    store: Store

    @staticmethod
    def of(log: Place) -> "Register":
        """The register of the log in a place."""
        return Register(at(log))

    def hashes(self) -> frozenset[str]:
        """All that is registered."""
        try:
            return frozenset(self.store.read(REGISTER).decode().split())
        except FileNotFoundError:
            return frozenset()

    def add(self, hashes: Iterable[str]) -> int:
        """Register more, all or nothing, and return how many were new."""
        known = self.hashes()
        fresh = set(hashes) - known
        if fresh:
            part = self.store.scratch(REGISTER)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write("\n".join(sorted(known | fresh)) + "\n")
            self.store.put(REGISTER, part)
        return len(fresh)


class Erased:
    """The people of a register, as records show them.

    `types` are the identifier types under which a value in a record is tried.
    """

    def __init__(
        self, hashes: frozenset[str], identifiers: Identifiers, types: Iterable[str]
    ) -> None:
        self.hashes = hashes
        self._identifiers = identifiers
        self._types = sorted({*priorities(), *types} - {"*"})
        self._is_theirs = lru_cache(maxsize=1 << 16)(self._hashes_to_theirs)

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def stand_in(self, hash: str) -> str:
        """The hash that takes the place of an erased one: the same each time, and of no value."""
        return self._identifiers.hash("erased", hash)

    def record(self, source: str, record_type: str, record_key: str) -> str:
        """The keyed hash of a record's name."""
        return self._identifiers.hash("record", f"{source}/{record_type}/{record_key}")

    def is_named(self, value: str) -> bool:
        """Whether a value is an identifier of an erased person, of whatever type."""
        return 0 < len(value) <= LONGEST and self._is_theirs(value)

    def tokens(self, found: Iterable[str]) -> list[str]:
        """Those of the addresses and numbers found in texts that are an erased person's."""
        return [token for token in set(found) if self.is_named(token)]

    def is_mentioned(self, text: str) -> bool:
        """Whether a text that is no record holds an identifier: as a word, a cell, an address."""
        words = {*_TOKEN.findall(text), *re.split(r"[\s,;|\"'<>()\[\]{}]+", text)}
        words |= {cell.strip(" \"'") for cell in re.split(r"[,;|\t\n]", text)}
        return any(self.is_named(word) for word in words)

    def scrubbed(self, payload: str) -> str:
        """A record's JSON text without the identifiers of erased people, wherever they stand."""
        try:
            record = json.loads(payload)
        except ValueError:
            return self.scrubbed_text(payload)
        cleaned = self._cleaned(record)
        if cleaned == record:
            return payload
        return json.dumps(cleaned, ensure_ascii=False, separators=(",", ":"))

    def scrubbed_text(self, text: str) -> str:
        """A text without the addresses and numbers of erased people."""
        return _TOKEN.sub(lambda m: INSTEAD if self.is_named(m[0]) else m[0], text)

    def _cleaned(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self._cleaned(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._cleaned(each, name) for each in value]
        # A small number is an identifier only where it is called one: else it is how many.
        is_number = isinstance(value, int) and not isinstance(value, bool)
        may_count = (is_number or str(value).isdigit()) and len(str(value)) < SHORTEST_NUMBER
        if may_count and not name.lower().endswith("id"):
            return value
        if isinstance(value, str):
            number = _NUMBER_AT_THE_END.search(value)
            if self.is_named(value) or (number and self.is_named(number[0])):
                return INSTEAD
            return self.scrubbed_text(value)
        return None if is_number and self.is_named(str(value)) else value

    def _hashes_to_theirs(self, value: str) -> bool:
        read = self._identifiers.read(self._types, [value] * len(self._types))
        return any(hash in self.hashes for hash, _ in read)


def priorities() -> dict[str, int]:
    """How strongly each type of identifier says whose a record is, 1 the strongest; '*': others.

    The seed that the warehouse resolves customers by, so that both mean the same person.
    """
    with TYPES.open(newline="", encoding="utf-8") as file:
        return {row["identifier_type"]: int(row["priority"]) for row in csv.DictReader(file)}


def priority(type: str) -> str:
    """SQL: the priority of the identifier type that the expression `type` gives."""
    known = priorities()
    others = known.pop("*")
    cases = " ".join(f"when {literal(name)} then {number}" for name, number in known.items())
    return f"(case {type} {cases} else {others} end)"


def tokens_in(text: str) -> str:
    """SQL: the addresses and numbers in the JSON text that the expression `text` gives."""
    unescaped = f"regexp_replace({text}, '\\\\[nrtbf]', ' ', 'g')"
    return f"regexp_extract_all({unescaped}, {literal(TOKEN)})"
