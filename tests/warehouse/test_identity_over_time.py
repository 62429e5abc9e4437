"""Who was thought to be whom: the dated map against what was known at every instant of it.

Some made-up worlds, each full of shared devices, several logins, late records and decisions that
are taken back, in one log. The map of one build must say of every instant what the rules in plain
Python say of it, and what a build of that instant said.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.built_warehouse import build
from tests.warehouse.identity_oracle import customers, known_from
from tests.warehouse.written_log import Event, hashed, write_batch

START = datetime(2026, 3, 1)
WORLDS = 6
LISTED = [("user_id", "anonymous"), ("phone", "anonymous")]
DECISIONS = ["link", "link", "unlink", "unlink", "block", "withdraw", "propose"]


def world(number: int, start: datetime = START) -> Iterator[Event]:
    """Few people and many sightings from `start` on, so that everything meets everything."""
    rng = random.Random(number)
    sizes = {"user_id": 7, "email": 12, "phone": 8, "cookie": 12, "loyalty_id": 6}
    names = [(type_, f"w{number}-{n}") for type_, size in sizes.items() for n in range(size)]
    for n in range(60):
        occurred_at = start + timedelta(hours=rng.randrange(24 * 20))
        recorded_at = occurred_at + timedelta(hours=rng.choice([-20, 0, 0, 0, 1, 30, 300]))
        seen = rng.sample(names, rng.choice([1, 2, 2, 2, 3, 4]))
        if rng.random() < 0.1:
            seen.append(rng.choice(LISTED))
        yield Event("segment", "track", f"{number}/{n:03}", occurred_at, recorded_at, seen)
    decided: list[list[tuple[str, str]]] = []
    for n in range(20):
        decision = rng.choice(DECISIONS)
        if decision == "withdraw" and not decided:
            continue
        about = rng.choice(decided) if decision == "withdraw" else rng.sample(names, 2)
        if decision == "block":
            about = about[:1]
        elif decided and rng.random() < 0.3:
            about = next((one for one in decided if len(one) == 2), about)
        if decision == "withdraw" or len(about) == (1 if decision == "block" else 2):
            decided.append(about)
            at = start + timedelta(hours=rng.randrange(24 * 25), minutes=n)
            late = at + timedelta(hours=rng.choice([0, 0, 50]))
            said = {"decision": decision, "decided_by": "support_lead", "probability": f"0.9{n:02}"}
            yield Event("decisions", "decision", f"{number}/{n:02}", at, late, about, said)


EVENTS = [event for number in range(WORLDS) for event in world(number)]
INSTANTS = sorted({known_from(event) for event in EVENTS})


def _build(root: Path, at: datetime | None = None) -> duckdb.DuckDBPyConnection:
    write_batch(root / "log", "all", EVENTS)
    times = {} if at is None else {"as_of": f"{at}", "known_at": f"{at}"}
    return build(
        root,
        [
            "+customer_id_map",
            "+int_demoted_links",
            "every_identifier_names_one_customer_or_nobody_at_a_time",
        ],
        {"as_of": f"{INSTANTS[-1]}"} | times,
        blocked=LISTED,
    )


def _named_at(warehouse: duckdb.DuckDBPyConnection, at: datetime) -> dict[str, str | None]:
    rows = warehouse.execute(
        """
        select identifier_hash, customer_id from customer_id_map
        where valid_from <= $at and (valid_to is null or valid_to > $at)
        """,
        {"at": at},
    ).fetchall()
    assert len(rows) == len(dict(rows)), "an identifier names two at once"
    return dict(rows)


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    return _build(tmp_path_factory.mktemp("today"))


def test_the_worlds_hold_what_is_to_be_tried(today):
    rules = dict(today.execute("select rule, count(*) from customer_id_map group by 1").fetchall())
    assert {"seen alone", "first recorded", "seen together", "decided"} <= set(rules)
    assert {"blocked: by decision", "blocked: placeholder"} <= set(rules)
    assert any(rule.startswith("blocked: seen with more than") for rule in rules)
    reasons = today.execute("select distinct reason from int_demoted_links").fetchall()
    assert len(reasons) == 2
    proposed = today.execute("select count(*) from int_moment_links where is_proposed").fetchone()
    assert proposed[0] > 0
    splits = today.execute(
        """
        select count(*)
        from customer_id_map as earlier
        inner join customer_id_map as later
            on
                earlier.identifier_hash = later.identifier_hash
                and earlier.valid_to = later.valid_from
        where later.customer_id = later.identifier_hash
        """
    ).fetchone()
    assert splits[0] > 20


def test_the_map_says_of_every_instant_whom_the_rules_name(today):
    for at in INSTANTS:
        expected = customers(EVENTS, at, LISTED)
        said = _named_at(today, at)
        wrong = {
            one: (said.get(one, "unknown"), expected.get(one, "unknown"))
            for one in said.keys() | expected.keys()
            if said.get(one, "unknown") != expected.get(one, "unknown")
        }
        assert not wrong, (at, wrong)


def test_the_map_says_what_a_build_of_that_instant_said(today, tmp_path):
    at = INSTANTS[len(INSTANTS) * 2 // 3]
    then = _build(tmp_path, at)
    assert _named_at(then, INSTANTS[-1]) == _named_at(today, at)


def test_the_listed_name_nobody_in_any_world(today):
    for pair in LISTED:
        assert _named_at(today, INSTANTS[-1])[hashed(*pair)] is None
