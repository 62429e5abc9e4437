"""Who is who, and who was thought to be: each scenario is some people of one log, built once."""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import duckdb
import pytest

from tests.warehouse.built_warehouse import build
from tests.warehouse.written_log import Event, hashed, write_batch

Pair = tuple[str, str]


class Decided(tuple[Pair, ...]):
    """A decision about identifiers, among the sightings of a scenario."""

    word: str

    def __new__(cls, word: str, *about: Pair) -> "Decided":
        decision = super().__new__(cls, about)
        decision.word = word
        return decision


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
    "recycled phone number": [
        [("user_id", "earlier owner"), ("phone", "recycled")],
        [("user_id", "later owner"), ("email", "later owner")],
        [("user_id", "later owner"), ("phone", "recycled")],
    ],
    "twice and out of order": [
        [("email", "twice"), ("phone", "twice")],
        [("cookie", "twice"), ("email", "twice")],
        [("email", "twice"), ("phone", "twice")],
        [("cookie", "twice"), ("email", "twice")],
    ],
    "merge then split": [
        [("email", "ms-1")],
        [("cookie", "ms-2")],
        [("email", "ms-1"), ("cookie", "ms-2")],
        Decided("unlink", ("cookie", "ms-2"), ("email", "ms-1")),
    ],
    "split then merge": [
        [("email", "sm-1"), ("phone", "sm-2")],
        Decided("unlink", ("email", "sm-1"), ("phone", "sm-2")),
        Decided("link", ("phone", "sm-2"), ("email", "sm-1")),
    ],
    "taken back": [
        [("email", "tb-1"), ("phone", "tb-2")],
        [("cookie", "tb-3"), ("phone", "tb-2")],
        Decided("block", ("phone", "tb-2")),
        Decided("unlink", ("email", "tb-1"), ("cookie", "tb-3")),
        Decided("withdraw", ("phone", "tb-2")),
        Decided("withdraw", ("cookie", "tb-3"), ("email", "tb-1")),
    ],
    "two accounts of one person": [
        [("user_id", "work"), ("email", "work")],
        [("user_id", "home"), ("phone", "home account")],
        Decided("link", ("user_id", "work"), ("user_id", "home")),
    ],
    "cut at the weakest link": [
        [("loyalty_id", "cut-1"), ("email", "cut")],
        [("email", "cut"), ("cookie", "cut")],
        [("cookie", "cut"), ("phone", "cut-2")],
        Decided("unlink", ("loyalty_id", "cut-1"), ("phone", "cut-2")),
    ],
    "switchboard": [
        [("email", "caller-1"), ("phone", "switchboard")],
        [("email", "caller-2"), ("phone", "switchboard")],
        Decided("block", ("phone", "switchboard")),
    ],
    "proposed": [
        [("email", "likely-1")],
        [("phone", "likely-2")],
        Decided("propose", ("email", "likely-1"), ("phone", "likely-2")),
    ],
    "proposed between logins": [
        [("user_id", "namesake-1"), ("email", "namesake-1")],
        [("user_id", "namesake-2"), ("email", "namesake-2")],
        Decided("propose", ("email", "namesake-1"), ("email", "namesake-2")),
    ],
    "many addresses of one login": [
        [("user_id", "collector"), ("email", f"collected-{n}")] for n in range(40)
    ],
    "many addresses of one customer id": [
        [("customer", "collector"), ("email", f"customer-{n}")] for n in range(40)
    ],
    "default address of a form": [
        [("email", "form default"), ("phone", f"caller-{n}")] for n in range(40)
    ],
    "many browsers of one login": [
        [("user_id", "roamer"), ("anonymous_id", f"roamer-{n}")] for n in range(40)
    ],
    "two browsers, then one login on both": [
        [("anonymous_id", "laptop"), ("email", "both")],
        [("anonymous_id", "mobile")],
        [("user_id", "both"), ("anonymous_id", "laptop")],
        [("user_id", "both"), ("anonymous_id", "mobile")],
        [("anonymous_id", "mobile"), ("email", "both, at work")],
    ],
    "somebody else signs in on the same browser": [
        [("anonymous_id", "library"), ("email", "first reader")],
        [("user_id", "first reader"), ("anonymous_id", "library")],
        [("user_id", "second reader"), ("anonymous_id", "library")],
        [("user_id", "second reader"), ("email", "second reader")],
    ],
    "cycle": [
        [("email", "round"), ("phone", "round")],
        [("phone", "round"), ("cookie", "round")],
        [("cookie", "round"), ("email", "round")],
    ],
    "two who never meet": [
        [("email", "apart-1"), ("phone", "apart-1")],
        [("email", "apart-2"), ("phone", "apart-2")],
    ],
    "two tills and a person": [
        [("cookie", f"till-{n % 2}"), ("user_id", f"shopper-{n}")] for n in range(10)
    ],
    "linked by a list from elsewhere": [
        [("email", "listed-1")],
        [("phone", "listed-2")],
        Decided("link", ("email", "listed-1"), ("loyalty_id", "never seen")),
        Decided("link", ("loyalty_id", "never seen"), ("phone", "listed-2")),
    ],
}
# One value that thousands of records share and no list knows: a bad default of some form.
CROWD = 3000


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
            if isinstance(identifiers, Decided):
                said = {"decision": identifiers.word, "decided_by": "lead", "probability": "0.9"}
                yield Event("decisions", "decision", f"{number}", at, at, identifiers, said)
            else:
                yield Event("segment", "track", f"{scenario}/{number}", at, at, identifiers)
    for number in range(CROWD):
        at = start + timedelta(minutes=number)
        crowd = [("cookie", f"crowd-{number}"), ("phone", "bad default")]
        yield Event("segment", "track", f"crowd/{number}", at, at, crowd)
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
            "+customer_id_map",
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


def _periods(identities: duckdb.DuckDBPyConnection, pair: Pair) -> list[tuple]:
    """(customer, from, until) of an identifier, in order."""
    return identities.execute(
        """
        select customer_id, valid_from, valid_to from customer_id_map
        where identifier_hash = ? order by valid_from
        """,
        [hashed(*pair)],
    ).fetchall()


def _demoted(identities: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """(one, other) in both orders -> why the link between them is not followed."""
    rows = identities.execute("select identifier_a, identifier_b, reason from int_demoted_links")
    return {pair: reason for a, b, reason in rows.fetchall() for pair in ((a, b), (b, a))}


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
        "twice and out of order",
        "split then merge",
        "taken back",
        "two accounts of one person",
        "proposed",
        "many addresses of one login",
        "many addresses of one customer id",
        "many browsers of one login",
        "two browsers, then one login on both",
        "cycle",
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


def test_who_signs_in_on_the_browser_of_another_stays_another(identities):
    readers = ("user_id", "first reader"), ("user_id", "second reader")
    assert _people(identities, *readers) == 2
    assert _people(identities, readers[0], ("anonymous_id", "library")) == 1
    assert _people(identities, readers[1], ("email", "second reader")) == 1


def test_two_who_never_meet_are_two(identities):
    pairs = {pair for sighting in SCENARIOS["two who never meet"] for pair in sighting}
    assert _people(identities, *pairs) == 2


def test_an_address_with_the_numbers_of_many_is_the_default_of_a_form(identities):
    assert _customer(identities, "email", "form default") is None
    assert _people(identities, *(("phone", f"caller-{n}") for n in range(40))) == 40


def test_tills_join_none_of_those_who_used_them(identities):
    assert _people(identities, *(("user_id", f"shopper-{n}") for n in range(10))) == 10


def test_household_mail_leaves_each_person_their_own_devices(identities):
    assert _people(identities, ("user_id", "mum"), ("user_id", "dad")) == 2
    assert _people(identities, ("user_id", "dad"), ("cookie", "dad")) == 1


def test_the_weakest_link_between_two_logins_is_demoted_and_listed(identities):
    assert _people(identities, ("user_id", "path-1"), ("user_id", "path-2")) == 2
    assert _people(identities, ("user_id", "path-1"), ("cookie", "path")) == 1
    demoted = _demoted(identities)
    reason = "it would have fused two logins"
    assert demoted[(hashed("email", "path-2"), hashed("cookie", "path"))] == reason
    assert demoted[(hashed("user_id", "bob"), hashed("cookie", "tablet"))] == reason


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


def test_a_recycled_number_fuses_nobody_and_stays_with_its_first_owner(identities):
    owners = ("user_id", "earlier owner"), ("user_id", "later owner")
    assert _people(identities, *owners) == 2
    assert _people(identities, owners[0], ("phone", "recycled")) == 1
    assert (hashed(*owners[1]), hashed("phone", "recycled")) in _demoted(identities)


def test_a_merge_can_be_undone_by_hand_and_both_names_stay_resolvable(identities):
    email, cookie = ("email", "ms-1"), ("cookie", "ms-2")
    assert _people(identities, email, cookie) == 2
    assert [name for name, _, _ in _periods(identities, cookie)] == [
        hashed(*cookie),
        hashed(*email),
        hashed(*cookie),
    ]


def test_a_split_can_be_undone_by_hand(identities):
    names = [name for name, _, _ in _periods(identities, ("phone", "sm-2"))]
    assert len(names) == 3
    assert names[0] == names[2] != names[1]


def test_decisions_that_were_taken_back_leave_what_was_before(identities):
    names = [name for name, _, _ in _periods(identities, ("phone", "tb-2"))]
    assert names[-1] == names[0]
    assert None in names, "nobody, as long as it was blocked"


def test_two_logins_that_a_person_links_are_one_customer_with_all_of_theirs(identities):
    assert _people(identities, ("email", "work"), ("phone", "home account")) == 1


def test_a_path_between_two_held_apart_is_cut_at_its_weakest_link(identities):
    assert _people(identities, ("loyalty_id", "cut-1"), ("cookie", "cut")) == 1
    assert _people(identities, ("loyalty_id", "cut-1"), ("phone", "cut-2")) == 2
    assert _demoted(identities)[(hashed("phone", "cut-2"), hashed("cookie", "cut"))] == (
        "a decision holds them apart"
    )


def test_a_proposal_never_fuses_two_logins(identities):
    assert _people(identities, ("user_id", "namesake-1"), ("user_id", "namesake-2")) == 2
    pair = hashed("email", "namesake-1"), hashed("email", "namesake-2")
    assert _demoted(identities)[pair] == "it would have fused two logins"


def test_the_map_says_that_a_name_is_only_proposed(identities):
    (rule,) = identities.execute(
        "select rule from customer_id_map where identifier_hash = ? and valid_to is null",
        [hashed("phone", "likely-2")],
    ).fetchone()
    assert rule == "proposed"


def test_a_number_blocked_by_hand_joins_nobody_any_more(identities):
    assert _people(identities, ("email", "caller-1"), ("email", "caller-2")) == 2
    assert _customer(identities, "phone", "switchboard") is None


def test_a_decision_links_through_what_no_source_has_seen_and_names_nobody_by_it(identities):
    assert _people(identities, ("email", "listed-1"), ("phone", "listed-2")) == 1
    assert _customer(identities, "loyalty_id", "never seen") is None


def test_a_value_that_thousands_of_records_share_makes_no_crowd_one_customer(identities):
    assert _customer(identities, "phone", "bad default") is None
    assert _people(identities, *(("cookie", f"crowd-{n}") for n in range(0, CROWD, 100))) == 30
    (reason,) = identities.execute(
        "select reason from int_blocked_identifiers where identifier_hash = ?",
        [hashed("phone", "bad default")],
    ).fetchone()
    assert reason == "seen with more than 1000 of cookie"


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
        with long as (
            select customer_id, count(*) as members from int_identifier_customers group by 1
        )
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
