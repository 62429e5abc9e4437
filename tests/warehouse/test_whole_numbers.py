"""The arithmetic of wide whole numbers in SQL gives what Python's own whole numbers give."""

import random
from pathlib import Path

import duckdb
import jinja2
import pytest

MACROS = Path(__file__).parents[2] / "dbt_project" / "macros" / "whole_numbers.sql"
# A weight of the decay, a hundred times: the divisor of points_now.
LARGEST = 100 * 2**63
PAIRS = 4_000


@pytest.fixture(scope="module")
def macros():
    """The macros of DuckDB, as Python functions that give SQL."""
    environment = jinja2.Environment()
    macros = MACROS.read_text()

    class Adapter:
        def dispatch(self, name):
            return getattr(self.module, f"duckdb__{name}")

    adapter = Adapter()
    rendered = environment.from_string(macros, globals={"return": str, "adapter": adapter}).module
    adapter.module = rendered
    return rendered


def test_a_quotient_by_floating_point_is_exact_once_it_is_put_right(macros):
    chance = random.Random(7)
    pairs = []
    while len(pairs) < PAIRS:
        divisor = chance.randint(1, 2 ** chance.randint(1, 69))
        quotient = chance.randint(0, 2 ** chance.randint(1, 49))
        # Just before, at and just after a whole quotient: there floating point goes wrong.
        number = divisor * quotient + chance.choice((-1, 0, 1, chance.randrange(divisor)))
        if 0 <= number < 2**126 and divisor <= LARGEST:
            pairs.append((number, divisor))
    near = macros.near_quotient("a", "b")
    off = macros.quotient_off("rest", "b")
    with duckdb.connect() as connection:
        connection.execute("create table pairs (a hugeint, b hugeint)")
        rows = ", ".join(f"({a}::hugeint, {b}::hugeint)" for a, b in pairs)
        connection.execute(f"insert into pairs values {rows}")
        found = connection.execute(
            f"select a, b, near + {off}, near <> near + {off} from ("
            f" select *, a - cast(near as hugeint) * b as rest from ("
            f"  select *, {near} as near from pairs))"
        ).fetchall()

    assert [(a, b, a // b) for a, b, _, _ in found] == [(a, b, q) for a, b, q, _ in found]
    assert any(was_off for *_, was_off in found)


def test_halving_wide_numbers_is_their_division_by_a_power_of_two(macros):
    chance = random.Random(8)
    numbers = [chance.randint(0, 2 ** chance.randint(1, 125)) for _ in range(1_000)]
    with duckdb.connect() as connection:
        for bits in (0, 1, 31, 32, 33, 96):
            sql = macros.halved("unnest(?::hugeint[])", str(bits))
            found = connection.execute(f"select {sql}", [numbers]).fetchall()
            assert [row[0] for row in found] == [number >> bits for number in numbers]
