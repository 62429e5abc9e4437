"""The company's customers: their names in every system, and with whom they share some of them.

Everything is a function of the customer's number and the seed, so a customer is the same
person whatever the size of the company. All names are invented; mail domains and telephone
numbers are reserved for examples and drama.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

FIRST = (
    "Ada Bela Caro Dmitri Elif Fenna Goran Hana Ivo Jonna Kemal Lotte Mirko Nadja Ole Pia Quirin "
    "Rosa Selim Tilda Ulf Vera Wanda Xaver Ylva Zeno Amara Bruno Clio Darius Ewa Finn Greta"
).split()
LAST = (
    "Ahlborn Birkenfeld Castellan Dornbusch Eschenbach Falkenried Grünwald Holloway Ingleby "
    "Jasper Kestrel Lindqvist Marlowe Nightingale Oakhurst Pemberton Quill Ravenscar Silverlake "
    "Thistle Umberland Västergård Whitlock Xanthe Yarrow Zeller Ashdown Brightwater Coldbrook"
).split()
ASCII = str.maketrans({"ü": "ue", "ä": "ae", "å": "a", "ö": "oe"})

# Numbers that no one can own: 555-01xx, Ofcom's and the Bundesnetzagentur's drama numbers.
US_AREAS = (
    "202 206 212 213 214 215 216 303 305 312 313 314 315 316 404 405 406 407 408 412 413 414 415 "
    "503 504 505 508 509 512 513 602 603 605 607 608 609 612 615 616 617 702 703 704 706 707 708"
).split()
RANGES = (
    *((f"+1{area}55501", 2) for area in US_AREAS),
    *((f"+49{prefix}", 3) for prefix in ("3023125", "6990009", "4066969", "2214710", "8999998")),
    *((f"+44{prefix}", 3) for prefix in ("7700900", "2079460", "1134960", "1314960", "1614960")),
)
TELEPHONES = sum(10**digits for _, digits in RANGES)

SWITCHBOARD = "+441632960000"  # an office from which many customers call
SWITCHBOARD_EVERY = 40  # of so many customers, one calls from there

LOCATIONS = ("berlin-mitte", "hamburg-altona", "muenchen-ost", "london-soho", "newyork-hudson")
FAMILY_EVERY = 12  # of so many customers, one shares the telephone of the one before
FAMILY_MAIL_EVERY = 24  # and of so many, one shares the mail address too


@dataclass(frozen=True)
class Person:
    """One customer; every field that is None is a name the customer does not have.

    `moved_mail_at`: from then on the second mail address is used. `patience`: 0 to 1, how long
    the customer waits before asking. `cookies`: one a device.
    """

    number: int
    key: str
    first: str
    last: str
    emails: tuple[str, ...]
    moved_mail_at: datetime | None
    phone: str | None
    user_id: str | None
    logs_in_at: datetime
    loyalty_id: str | None
    zendesk_user: int
    shopify_customer: int | None
    cookies: tuple[str, ...]
    location: str
    wants_marketing: bool
    is_reachable_by_mail: bool
    patience: float

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    def email_at(self, at: datetime) -> str:
        """The address in use at an instant."""
        if self.moved_mail_at and at >= self.moved_mail_at:
            return self.emails[-1]
        return self.emails[0]

    def is_known_at(self, at: datetime) -> bool:
        """Whether the customer has an account, and not a guest's basket, at an instant."""
        return self.user_id is not None and at >= self.logs_in_at


def telephone(number: int) -> str | None:
    """The reserved telephone number of a customer; None where the reserved ranges are used up."""
    if number >= TELEPHONES:
        return None
    index = number * 7919 % TELEPHONES  # 7919 is prime: a permutation that mixes the countries
    for prefix, digits in RANGES:
        if index < 10**digits:
            return f"{prefix}{index:0{digits}d}"
        index -= 10**digits
    raise AssertionError("the ranges add up to TELEPHONES")


def shares_with_previous(number: int) -> bool:
    """Whether a customer lives with the one of the number before and shares the telephone."""
    return number % FAMILY_EVERY == 1


def person(seed: int, number: int, start: datetime, end: datetime) -> Person:
    """Customer `number` (from 0) of the company with that seed."""
    rng = Random(f"{seed}/person/{number}")
    first, last = rng.choice(FIRST), rng.choice(LAST)
    word = f"{first}.{last}".lower().translate(ASCII)
    emails = [f"{word}.{number}@example.org"]
    moves_mail = rng.random() < 0.04
    if moves_mail:
        emails.append(f"{word}{number}@example.net")
    if number % FAMILY_MAIL_EVERY == 1:
        emails = [f"family.{number - 1}@example.org"]
        moves_mail = False
    elif number % FAMILY_MAIL_EVERY == 0:
        emails[0] = f"family.{number}@example.org"
    length = (end - start).total_seconds()
    has_phone = rng.random() < 0.8 or number % FAMILY_EVERY < 2
    owner = number - 1 if shares_with_previous(number) else number
    has_account = rng.random() < 0.7
    devices = rng.choices((1, 2, 3), (60, 30, 10))[0]
    return Person(
        number=number,
        key=f"c{number:07d}",
        first=first,
        last=last,
        emails=tuple(emails),
        moved_mail_at=start + timedelta(seconds=int(length * rng.uniform(0.3, 0.8)))
        if moves_mail
        else None,
        phone=telephone(owner) if has_phone else None,
        user_id=f"u-{number:07d}" if has_account else None,
        logs_in_at=start + timedelta(seconds=int(length * max(0.0, rng.uniform(-0.6, 0.7)))),
        loyalty_id=f"L{30000000 + number}" if rng.random() < 0.35 else None,
        zendesk_user=360_000_000_000 + number,
        shopify_customer=7_700_000_000_000 + number if has_account or rng.random() < 0.5 else None,
        cookies=tuple(f"{rng.getrandbits(64):016x}-{number:07x}" for _ in range(devices)),
        location=rng.choices(LOCATIONS, (40, 20, 15, 15, 10))[0],
        wants_marketing=rng.random() < 0.4,
        is_reachable_by_mail=rng.random() > 0.015,
        patience=rng.random(),
    )
