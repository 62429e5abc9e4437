"""Identifiers of people: one normal form a value, and a keyed hash, so that no name leaves here.

hash = the first 32 hex digits of HMAC-SHA256(secret, "<type>:<normal form>").
"""

import csv
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import phonenumbers

LONGEST = 320  # characters; the longest mail address that can exist

_E164 = re.compile(r"\+[1-9]\d{7,14}")
_ADDRESS = re.compile(r"[^@\s<>\"(),;:]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
# What a phone number may spell out. Other letters make it a slogan or a sentence: a library would
# dial them as digits.
_SPELT = re.compile(r"^tel:|(ext(ension)?|x)[ .:]*(?=\d+$)", re.IGNORECASE)
# Two numbers in one field, of which a library would take the first.
_SEVERAL = re.compile(r"\d{5}\D*[;|,]\D*\d{5}")
# A whole number that a tool took for a fraction (a column with gaps, in pandas), or wrote short (a
# spreadsheet): 9664491.0, 9.664491E+06.
_WHOLE = re.compile(r"(\d+)\.0+")
_SHORT = re.compile(r"(\d)(?:\.(\d+))?[eE]\+(\d{1,2})")
_PROVIDERS = Path(__file__).with_name("mail_providers.csv")


class Normalised(NamedTuple):
    """A value in its normal form, or the problem that kept it from one."""

    value: str | None
    problem: str | None = None


@dataclass(frozen=True)
class Provider:
    """How a mail provider reads the part before the @."""

    canonical_domain: str
    ignores_dots: bool
    tag_separator: str


class Identifiers:
    """Normalises and hashes, with one secret, one default region, and the providers' rules."""

    def __init__(self, secret: bytes, default_region: str) -> None:
        self._secret = secret
        self._region = default_region
        self._providers = _read_providers()

    def normalise(self, type: str, value: str) -> Normalised:
        """The normal form of `value`: E.164 for `phone`, the mailbox for `email`, else trimmed.

        Letters with accents in one of their two spellings; whole numbers without the fraction or
        exponent that a tool gave them.
        """
        text = value.strip()
        if not text.isascii():
            text = unicodedata.normalize("NFC", text).strip("\ufeff\u200b")
        if not text:
            return Normalised(None, "empty")
        if len(text) > LONGEST:
            return Normalised(None, f"longer than {LONGEST} characters")
        if type == "email":
            return self._email(text)
        if short := _SHORT.fullmatch(text):
            first, rest, zeros = short[1], short[2] or "", int(short[3])
            if len(rest.rstrip("0")) > zeros or len(rest) < zeros:
                return Normalised(None, "a number cut short by a spreadsheet")
            text = first + rest[:zeros]
        elif whole := _WHOLE.fullmatch(text):
            text = whole[1]
        return self._phone(text) if type == "phone" else Normalised(text)

    def hash(self, type: str, value: str) -> str:
        """The keyed hash of a normal form."""
        message = f"{type}:{value}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._secret, message, "sha256").hex()[:32]

    def read(
        self, types: Sequence[str], values: Sequence[str]
    ) -> list[tuple[str | None, str | None]]:
        """(hash, problem) of each value as a source wrote it; one of the two is None."""
        return [self._read(type, value) for type, value in zip(types, values, strict=True)]

    def _read(self, type: str, value: str) -> tuple[str | None, str | None]:
        normal = self.normalise(type, value)
        if normal.value is None:
            return None, normal.problem
        return self.hash(type, normal.value), None

    def _phone(self, text: str) -> Normalised:
        if _E164.fullmatch(text):
            return Normalised(text)
        if any(character.isalpha() for character in _SPELT.sub("", text)):
            return Normalised(None, "letters in a phone number")
        if _SEVERAL.search(text):
            return Normalised(None, "several phone numbers")
        try:
            number = phonenumbers.parse(text, self._region)
            if not phonenumbers.is_possible_number(number) and text.startswith("00"):
                # The prefix for abroad in most countries, also where the default one has another.
                number = phonenumbers.parse(f"+{text[2:]}", self._region)
        except phonenumbers.NumberParseException:
            return Normalised(None, "not a phone number")
        if not phonenumbers.is_possible_number(number):
            return Normalised(None, "not a possible phone number")
        return Normalised(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

    def _email(self, text: str) -> Normalised:
        address = text.lower()
        if "<" in address and address.endswith(">"):
            address = address[address.rindex("<") + 1 : -1]
        address = address.removeprefix("mailto:")
        if not _ADDRESS.fullmatch(address):
            return Normalised(None, "not a mail address")
        local, domain = address.rsplit("@", 1)
        rule = self._providers.get(domain) or self._providers["*"]
        local = local.split(rule.tag_separator, 1)[0] or local
        if rule.ignores_dots:
            local = local.replace(".", "")
        return Normalised(f"{local}@{rule.canonical_domain or domain}")


def _read_providers() -> dict[str, Provider]:
    with _PROVIDERS.open(newline="") as file:
        return {
            row["domain"]: Provider(
                row["canonical_domain"], row["ignores_dots"] == "true", row["tag_separator"]
            )
            for row in csv.DictReader(file)
        }
