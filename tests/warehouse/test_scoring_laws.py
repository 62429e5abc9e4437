"""Laws of scoring that hold whatever the weights: each history is scored beside a changed twin.

The twins are customers of one warehouse, so that one build shows all laws.
"""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.histories import histories
from tests.warehouse.oracle import Signal
from tests.warehouse.scored_warehouse import catalogue

AS_OF = datetime(2060, 1, 1)  # after everything, the last silence too
WEEKS = timedelta(weeks=5)
HOUR = timedelta(hours=1)
ORIGINALS = histories(400, catalogue(), seed=7)
CHASE = Signal(
    customer_id="",
    occurred_at=AS_OF,
    record_key="chase",
    source="crm",
    signal_position=0,
    channel="phone",
    touchpoint="phone.service",
    signal="contact.chase",
    ends_silence=True,
)
NOTICE = replace(
    CHASE, record_key="notice", channel="email", touchpoint="email", signal="interaction.ok"
)


def twins() -> list[Signal]:
    """Every history five times: as it is, with one more chase, one more notice, and shifted."""
    chance = random.Random(11)
    signals = []
    for name, history in ORIGINALS.items():
        signals += history
        beside = chance.choice(history)
        at = (beside.due_at or beside.occurred_at) + chance.choice((timedelta(0), HOUR))
        for kind, extra in (("chase", CHASE), ("notice", NOTICE)):
            added = replace(extra, occurred_at=at, issue_id=beside.issue_id)
            signals += [
                replace(signal, customer_id=f"{name}+{kind}") for signal in (*history, added)
            ]
        signals += [
            replace(
                signal,
                customer_id=f"{name}+weeks",
                occurred_at=signal.occurred_at - WEEKS,
                due_at=signal.due_at and signal.due_at - WEEKS,
            )
            for signal in history
        ]
    return signals


@pytest.fixture(scope="module")
def warehouse(scored) -> Path:
    return scored(twins(), AS_OF)


@pytest.fixture(scope="module")
def ledgers(warehouse) -> dict[str, list[tuple]]:
    """(occurred_at, source, source_key, position, signal, part, points) by customer."""
    found = defaultdict(list)
    for customer_id, *line in rows(
        warehouse,
        "select customer_id, occurred_at, source, source_key, signal_position, signal, part, "
        "points_micro from fct_friction order by all",
    ):
        found[customer_id].append(tuple(line))
    return found


def rows(warehouse: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def parts(lines: list[tuple]) -> dict[tuple, int]:
    """Points by signal of a record and part."""
    return {line[1:6]: line[6] for line in lines}


def test_one_more_chase_never_lowers_base_and_repeat_but_silence(ledgers):
    def counted(name: str) -> int:
        return sum(
            line[6]
            for line in ledgers[name]
            if line[5] in ("base", "repeat") and line[4] != "promise.silence"
        )

    assert all(counted(f"{name}+chase") > counted(name) for name in ORIGINALS)


def test_one_more_notice_raises_nothing_but_the_switch_of_a_later_contact(ledgers):
    ended = 0
    for name in ORIGINALS:
        before, after = parts(ledgers[name]), parts(ledgers[f"{name}+notice"])
        raised = [key for key, points in after.items() if points > before.get(key, 0)]
        assert {key[4] for key in raised} <= {"switch"}, (name, raised)
        ended += any(key[3] == "promise.silence" for key in before.keys() - after.keys())
    assert ended > 10, "notices that end a silence"


def test_whole_weeks_later_the_ledger_is_the_same(ledgers):
    for name in ORIGINALS:
        shifted = [(line[0] + WEEKS, *line[1:]) for line in ledgers[f"{name}+weeks"]]
        assert shifted == ledgers[name]


def test_whole_weeks_later_the_scores_are_the_same(warehouse):
    assert rows(
        warehouse,
        """
        select max(abs(own.friction - twin.friction)), max(abs(own.score - twin.score))
        from fct_scores as own
        inner join fct_scores as twin
            on
                twin.customer_id = own.customer_id || '+weeks'
                and twin.signal_number = own.signal_number
        """,
    ) == [(pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6))]


def test_the_undecayed_friction_only_grows_and_no_score_is_negative(warehouse):
    assert rows(
        warehouse,
        "select count(*) from fct_scores where friction_micro < 0 or credit_micro < 0 "
        "or score < 0 or credit_applied > 0.75 * friction",
    ) == [(0,)]


def test_without_the_other_customers_a_ledger_is_the_same(scored, warehouse, ledgers):
    some = list(ORIGINALS)[::40]
    alone = scored([signal for name in some for signal in ORIGINALS[name]], AS_OF)
    for table in ("fct_friction", "fct_scores", "rpt_signals_due"):
        names = ", ".join(f"'{name}'" for name in some)
        same = f"select * from {table} where customer_id in ({names}) order by all"
        assert rows(alone, same) == rows(warehouse, same)
