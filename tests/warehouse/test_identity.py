"""Who is who, and who was thought to be: each scenario is some people of one log, built once."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import duckdb
import pytest

from tests.warehouse.built_warehouse import build
from tests.warehouse.written_log import Event, hashed, write_batch

Pair = tuple[str, str]
CHAIN_LENGTH = 100_000
START = datetime(2026, 3, 1)
DAYS = 40

# Each scenario: what was seen together, in the order in which it was recorded.
SCENARIOS: dict[str, Sequence[Sequence[Pair]]] = {
    "chain": [
        [("cookie", "chain-1"), ("email", "chain-1")],
        [("email", "chain-1"), ("phone", "chain-1")],
        [("phone", "chain-1"), ("loyalty_id", "chain-1")],
    ],
    "fan-in": [
        [("cookie", "in-1"), ("email", "in")],
        [("cookie", "in-2"), ("email", "in")],
        [("cookie", "in-3"), ("email", "in")],
    ],
    "fan-out": [
        [("user_id", "out"), ("cookie", "out-1")],
        [("user_id", "out"), ("phone", "out-2")],
        [("user_id", "out"), ("email", "out-3")],
    ],
    "diamond": [
        [("cookie", "top"), ("email", "left")],
        [("cookie", "top"), ("phone", "right")],
        [("email", "left"), ("loyalty_id", "bottom")],
        [("phone", "right"), ("loyalty_id", "bottom")],
    ],
    "late bridge": [
        [("cookie", "bridge-1")],
        [("email", "bridge-2")],
        [("cookie", "bridge-1")],
        [("cookie", "bridge-1"), ("email", "bridge-2")],
    ],
    "self-bridge": [[("email", "self"), ("email", "self")]],
    "login conflict": [
        [("user_id", "ann"), ("cookie", "tablet")],
        [("user_id", "bob"), ("cookie", "tablet")],
        [("user_id", "bob"), ("email", "bob")],
    ],
    "shared number": [
        [("user_id", "home-1"), ("phone", "home")],
        [("user_id", "home-2"), ("phone", "home")],
    ],
    "weakest link of a path": [
        [("user_id", "path-1"), ("email", "path-1")],
        [("email", "path-1"), ("cookie", "path")],
        [("cookie", "path"), ("email", "path-2")],
        [("email", "path-2"), ("user_id", "path-2")],
    ],
    "household mail": [
        [("user_id", "mum"), ("email", "family")],
        [("user_id", "dad"), ("email", "family")],
        [("user_id", "mum"), ("cookie", "mum")],
        [("user_id", "dad"), ("cookie", "dad")],
    ],
    "placeholder": [
        [("user_id", "anonymous"), ("cookie", "someone-1")],
        [("user_id", "anonymous"), ("cookie", "someone-2")],
    ],
    "shared device": [[("user_id", f"counter-{n}"), ("cookie", "counter till")] for n in range(5)],
    "changed mail address": [
        [("user_id", "moved"), ("email", "moved-old")],
        [("user_id", "moved"), ("email", "moved-new")],
    ],
    "guest then login": [
        [("cookie", "guest")],
        [("cookie", "guest"), ("email", "guest")],
        [("cookie", "guest"), ("user_id", "guest")],
    ],
}


def _meetings() -> list[tuple[int, int, int]]:
    """Random sightings of made-up people over many days: (day recorded, one, other)."""
    rng = random.Random(3)
    pairs = [(rng.randrange(300), rng.randrange(300)) for _ in range(260)]
    return [(rng.randrange(DAYS), min(pair), max(pair)) for pair in pairs]


def _events() -> Iterator[Event]:
    start = START
    number = 0
    for scenario, sightings in SCENARIOS.items():
        for identifiers in sightings:
            number += 1
            at = start + timedelta(hours=number)
            yield Event("segment", "track", f"{scenario}/{number}", at, at, identifiers)
    for number, (day, one, other) in enumerate(_meetings()):
        at = start + timedelta(days=day)
        pair = [("email", f"met-{one}"), ("email", f"met-{other}")]
        yield Event("segment", "track", f"met/{number:03}", start, at, pair)
    for link in range(CHAIN_LENGTH - 1):
        at = start + timedelta(days=30, seconds=(link * 7919) % 100_003)
        pair = [("email", f"long-{link}"), ("email", f"long-{link + 1}")]
        yield Event("segment", "track", f"long/{link:06}", at, at, pair)


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    root = tmp_path_factory.mktemp("identity")
    write_batch(root / "log", "all", list(_events()))
    return build(
        root,
        [
            "+int_event_customers",
            "+int_demoted_links",
            "+int_blocked_identifiers",
            "customer_id_map",
            "every_identifier_names_one_customer_or_nobody_at_a_time",
        ],
        blocked=[("user_id", "anonymous")],
    )


def _customer(identities: duckdb.DuckDBPyConnection, type_: str, value: str) -> str | None:
    row = identities.execute(
        "select customer_id from int_identifier_customers where identifier_hash = ?",
        [hashed(type_, value)],
    ).fetchone()
    return row[0] if row else None


def _people(identities: duckdb.DuckDBPyConnection, *pairs: Pair) -> int:
    customers = [_customer(identities, *pair) for pair in pairs]
    assert None not in customers
    return len(set(customers))


@pytest.mark.parametrize(
    "scenario",
    [
        "chain",
        "fan-in",
        "fan-out",
        "diamond",
        "late bridge",
        "self-bridge",
        "changed mail address",
        "guest then login",
    ],
)
def test_identifiers_that_hang_together_are_one_customer(identities, scenario):
    pairs = {pair for sighting in SCENARIOS[scenario] for pair in sighting}
    assert _people(identities, *pairs) == 1


def test_a_customer_is_named_after_the_member_recorded_first(identities):
    assert _customer(identities, "loyalty_id", "chain-1") == hashed("email", "chain-1")
    assert _customer(identities, "email", "bridge-2") == hashed("cookie", "bridge-1")


def test_two_logins_never_fuse_through_a_shared_device(identities):
    assert _people(identities, ("user_id", "ann"), ("user_id", "bob")) == 2
    assert _people(identities, ("user_id", "ann"), ("cookie", "tablet")) == 1
    assert _people(identities, ("user_id", "bob"), ("email", "bob")) == 1


def test_two_logins_never_fuse_through_a_shared_number(identities):
    assert _people(identities, ("user_id", "home-1"), ("user_id", "home-2")) == 2


def test_household_mail_leaves_each_person_their_own_devices(identities):
    assert _people(identities, ("user_id", "mum"), ("user_id", "dad")) == 2
    assert _people(identities, ("user_id", "dad"), ("cookie", "dad")) == 1


def test_the_weakest_link_between_two_logins_is_demoted_and_listed(identities):
    assert _people(identities, ("user_id", "path-1"), ("user_id", "path-2")) == 2
    assert _people(identities, ("user_id", "path-1"), ("cookie", "path")) == 1
    demoted = identities.execute("select identifier_a, identifier_b from int_demoted_links")
    pairs = {frozenset(row) for row in demoted.fetchall()}
    assert frozenset([hashed("email", "path-2"), hashed("cookie", "path")]) in pairs
    assert frozenset([hashed("user_id", "bob"), hashed("cookie", "tablet")]) in pairs


def test_a_placeholder_links_nobody(identities):
    assert _customer(identities, "user_id", "anonymous") is None
    assert _people(identities, ("cookie", "someone-1"), ("cookie", "someone-2")) == 2


def test_a_device_with_too_many_logins_is_blocked_with_a_reason(identities):
    assert _customer(identities, "cookie", "counter till") is None
    logins = [("user_id", f"counter-{n}") for n in range(5)]
    assert _people(identities, *logins) == 5
    reason = identities.execute(
        "select reason from int_blocked_identifiers where identifier_hash = ?",
        [hashed("cookie", "counter till")],
    ).fetchone()
    assert reason == ("seen with more than 3 of user_id",)


def test_an_event_belongs_to_the_strongest_identifier_on_it(identities):
    rows = identities.execute(
        """
        select distinct c.customer_id
        from stg_identifiers i inner join int_event_customers c using (event_id)
        where i.identifier_hash = ?
        """,
        [hashed("user_id", "bob")],
    ).fetchall()
    assert rows == [(hashed("user_id", "bob"),)]


def test_a_chain_of_a_hundred_thousand_identifiers_is_one_customer(identities):
    members, customers = identities.execute(
        """
        with long as (select customer_id, count(*) as members from int_identifier_customers group by 1)
        select max(members), count(*) filter (where members > 1000) from long
        """
    ).fetchone()
    assert (members, customers) == (CHAIN_LENGTH, 1)


def test_the_map_says_who_an_identifier_was_thought_to_be_on_every_day(identities):
    """Against the same question answered for each day apart, by merging what was known by then."""
    periods = identities.execute(
        """
        select identifier_hash, customer_id, valid_from, coalesce(valid_to, timestamp '9999-12-31')
        from customer_id_map
        """
    ).fetchall()
    said: dict[str, list[tuple[str, datetime, datetime]]] = {}
    for identifier, customer, since, until in periods:
        said.setdefault(identifier, []).append((customer, since, until))
    checked = 0
    for day in range(DAYS):
        now = START + timedelta(days=day)
        for identifier, customer in _named_on(day, identities).items():
            on_that_day = [name for name, since, until in said[identifier] if since <= now < until]
            assert on_that_day == [customer], (day, identifier)
            checked += 1
    assert checked > 5_000


def _named_on(day: int, identities: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Identifier -> the earliest recorded one that it hangs together with, of what `day` knew."""
    order = dict(
        identities.execute(
            "select identifier_hash, identifier_number from int_identifiers"
        ).fetchall()
    )
    leader: dict[str, str] = {}

    def find(identifier: str) -> str:
        while leader.setdefault(identifier, identifier) != identifier:
            identifier = leader[identifier]
        return identifier

    for known_on, one, other in _meetings():
        if known_on <= day:
            ends = [find(hashed("email", f"met-{person}")) for person in (one, other)]
            first, last = sorted(ends, key=order.__getitem__)
            leader[last] = first
    return {identifier: find(identifier) for identifier in leader}
