"""Finds what looks like a person in text: addresses, telephone and card numbers, known people.

Digits alone are no telephone number here: the ids of other systems are digits too. So a number is
found where it is written as one, or where it is that of a known person.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

MAIL = re.compile(r"[\w.+%-]+@[\w-]+(\.[\w-]+)*\.[a-zA-Z]{2,}")
PHONE = re.compile(r"(?<![\w+])(\+|\(0)[0-9][0-9 ()./-]{6,18}[0-9](?!\w)")
CARD = re.compile(r"(?<![\w/])[3-6][0-9]{3}(?:[ -]?[0-9]{2,6}){2,4}(?![\w])")
DIGITS = re.compile(r"(?<![0-9A-Za-z])\+?([0-9]{8,15})(?![0-9A-Za-z])")
WORD = re.compile(r"\w+")
# What a telephone number is recognised by, however its country and area are written.
LAST_DIGITS = 9


@dataclass(frozen=True)
class People:
    """What known people are called: identifiers and names, in lower case; ends of numbers."""

    identifiers: frozenset[str]
    names: frozenset[tuple[str, str]]
    numbers: frozenset[str]

    @staticmethod
    def of(
        identifiers: Mapping[str, Iterable[str]], first: Iterable[str], last: Iterable[str]
    ) -> "People":
        """Of identifiers by type, and of all pairs of a first and a last name."""
        return People(
            identifiers=frozenset(
                value.lower() for values in identifiers.values() for value in values
            ),
            names=frozenset((a.lower(), b.lower()) for a in first for b in last),
            numbers=frozenset(
                re.sub(r"\D", "", value)[-LAST_DIGITS:] for value in identifiers.get("phone", [])
            ),
        )

    def in_text(self, text: str) -> set[str]:
        """Kinds of what in `text` names one of them."""
        lower = text.lower()
        found = set()
        tokens = set(re.split(r"[\s,;:'\"<>(){}\[\]/|=]+", lower))
        if tokens & self.identifiers:
            found.add("identifier")
        words = WORD.findall(lower)
        if ({*pairwise(words)} | {*pairwise(words[::-1])}) & self.names:
            found.add("name")
        bare = re.sub(r"[ ()./-]", "", text)
        if any(digits[-LAST_DIGITS:] in self.numbers for digits in DIGITS.findall(bare)):
            found.add("number")
        return found


def looks_personal(text: str) -> set[str]:
    """Kinds of personal data that `text` looks like it holds, whoever's."""
    found = set()
    if "@" in text and MAIL.search(text):
        found.add("mail address")
    if PHONE.search(text):
        found.add("telephone number")
    if any(is_card(match.group()) for match in CARD.finditer(text)):
        found.add("card number")
    return found


def is_card(text: str) -> bool:
    """Whether digits are 14 to 19 with a right check digit (Luhn, ISO/IEC 7812)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    if not 14 <= len(digits) <= 19:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
