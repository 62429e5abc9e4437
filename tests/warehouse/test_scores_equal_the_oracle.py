"""Does the SQL agree with the same rules in plain Python, on thousands of random histories?"""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from serving.score_at import scores_at
from tests.warehouse import oracle
from tests.warehouse.histories import histories
from tests.warehouse.scored_warehouse import catalogue

CUSTOMERS = 3000
AS_OF = datetime(2025, 6, 1, 12, 30)
TOLERANCE = 1e-9
RULES = catalogue()
HISTORIES = histories(CUSTOMERS, RULES, seed=20260331)


def promises_are_made_first(history: list[oracle.Signal]) -> bool:
    """Whether no promise is updated before anyone made it: such an update speaks of the future."""
    made = oracle.promises_of(history)
    return all(
        signal.promise_id not in made or made[signal.promise_id].occurred_at <= signal.occurred_at
        for signal in history
        if signal.signal == "promise.updated"
    )


# A run in the midst of the histories, of customers whose promises are made before they change.
EARLY = datetime(2019, 1, 20)
SOME = [name for name in list(HISTORIES)[:900] if promises_are_made_first(HISTORIES[name])]


@pytest.fixture(scope="module")
def warehouse(scored) -> Path:
    """All histories as customers of one warehouse, their rows in random order."""
    signals = [signal for history in HISTORIES.values() for signal in history]
    random.Random(1).shuffle(signals)
    return scored(signals, AS_OF)


@pytest.fixture(scope="module")
def early(scored) -> Path:
    """The warehouse of SOME as of EARLY, made from all their signals."""
    return scored([signal for name in SOME for signal in HISTORIES[name]], EARLY)


@pytest.fixture(scope="module")
def expected() -> dict[str, list[oracle.Scored]]:
    """The oracle's ledger of every customer."""
    return {
        customer_id: oracle.ledger(oracle.history_of(history, AS_OF), RULES)
        for customer_id, history in HISTORIES.items()
    }


def rows(warehouse: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_signal_is_scored_to_the_micro_point(warehouse, expected):
    got = rows(
        warehouse,
        """
        select
            signals.customer_id, signals.signal_number, signals.occurred_at, source, record_key,
            signal_position, signal, half_life, severity_micro, expectation_256,
            base_micro, repeat_micro, switch_micro, phase_micro, credit_micro
        from int_scored_signals as scored
        inner join int_ordered_signals as signals on scored.signal_id = signals.signal_id
        where signals.occurred_at <= (select as_of from stg_run)
        order by all
        """,
    )
    wanted = [
        (
            customer_id, number, line.signal.occurred_at, line.signal.source,
            line.signal.record_key, line.signal.signal_position, line.signal.signal,
            line.half_life, line.severity, line.expectation_256,
            line.base, line.repeat, line.switch, line.phase, line.credit,
        )
        for customer_id, lines in expected.items()
        for number, line in enumerate(lines, 1)
    ]  # fmt: skip
    assert len(got) == len(wanted)
    assert [pair for pair in zip(got, wanted, strict=True) if pair[0] != pair[1]][:3] == []


def test_the_ledger_has_one_line_per_part_that_is_not_zero(warehouse, expected):
    got = rows(
        warehouse,
        "select customer_id, source, source_key, signal_position, part, points_micro "
        "from fct_friction order by all",
    )
    wanted = sorted(
        (
            customer_id, line.signal.source, line.signal.record_key, line.signal.signal_position,
            part, getattr(line, part),
        )
        for customer_id, lines in expected.items()
        for line in lines
        for part in ("base", "repeat", "switch", "phase", "credit")
        if getattr(line, part)
    )  # fmt: skip
    assert got == wanted


def test_the_histories_reach_every_rule(expected):
    seen = defaultdict(int)
    for lines in expected.values():
        for line in lines:
            seen[line.signal.signal] += 1
            seen["repeat"] += line.repeat > 0
            seen["switch"] += line.switch > 0
            seen["phase"] += line.phase > 0
            seen["surprise"] += line.credit > 0 and line.signal.measure is not None
            seen["partial severity"] += line.severity not in (0, 1_000_000, 4_000_000)
            seen["credit alone"] += line.signal.is_credit_only and line.severity > 0
    assert set(RULES) <= set(seen)
    assert min(seen.values()) > 50


def test_the_running_score_is_that_of_everything_up_to_the_signal(warehouse, expected):
    got = rows(
        warehouse,
        "select customer_id, friction, peak, end_friction, credit_balance, credit_applied, "
        "score, rfs, level from fct_scores order by customer_id, signal_number",
    )
    wanted = [
        (customer_id, oracle.score(lines[: number + 1], line.signal.occurred_at))
        for customer_id, lines in expected.items()
        for number, line in enumerate(lines)
    ]
    assert len(got) == len(wanted)
    for row, (customer_id, score) in zip(got, wanted, strict=True):
        assert_equal(row, customer_id, score)
    assert sum(row[5] > 0 for row in got) > 500, "credits that count"
    assert sum(row[4] > row[5] > 0 for row in got) > 100, "credits that reach their cap"
    assert len({row[8] for row in got}) == 5, "every level"


def test_the_score_at_any_instant_is_that_of_everything_until_then(warehouse, expected):
    instants = [
        AS_OF,
        datetime(2019, 1, 2, 0, 0, 0),
        datetime(2019, 2, 10, 7, 59, 59, 999999),
        datetime(2020, 11, 20, 3, 0),
        next(iter(expected.values()))[-1].signal.occurred_at,
        AS_OF - timedelta(days=400),
    ]
    for at in instants:
        wanted = {
            customer_id: score
            for customer_id, lines in expected.items()
            if (score := oracle.score(lines, at)) is not None
        }
        assert_scores(warehouse, at, wanted)


def test_a_score_after_the_run_counts_what_falls_due_if_nothing_more_happens(early):
    later = EARLY + timedelta(days=9, hours=5)
    wanted = {}
    for customer_id in SOME:
        known = [signal for signal in HISTORIES[customer_id] if signal.occurred_at <= EARLY]
        score = oracle.score(oracle.ledger(oracle.history_of(known, later), RULES), later)
        if score is not None:
            wanted[customer_id] = score
    assert_scores(early, later, wanted)
    assert rows(early, "select count(*) > 100 from rpt_signals_due") == [(True,)]
    assert rows(early, "select max(occurred_at) <= max(as_of) from fct_scores, stg_run") == [
        (True,)
    ]


def test_a_truncated_log_gives_the_ledger_of_its_time(early, warehouse):
    names = ", ".join(f"'{name}'" for name in SOME)
    ledger = (
        "select customer_id, source, source_key, signal_position, part, points_micro "
        f"from fct_friction where customer_id in ({names}) and occurred_at <= '{EARLY}' "
        "order by all"
    )
    assert len(rows(early, ledger)) > 1000
    assert rows(early, ledger) == rows(warehouse, ledger)


def test_the_score_of_the_run_is_the_last_word(warehouse, expected):
    got = rows(
        warehouse,
        "select customer_id, friction, peak, end_friction, credit_balance, credit_applied, "
        "score, rfs, level from int_customer_scores order by customer_id",
    )
    for row in got:
        assert_equal(row, row[0], oracle.score(expected[row[0]], AS_OF))
    assert len(got) == sum(bool(lines) for lines in expected.values())


def test_published_points_add_up_to_the_headline(warehouse):
    assert rows(
        warehouse,
        """
        select count(*)
        from (
            select
                customer_id,
                sum(case when part <> 'credit' then points_now else 0 end) as friction,
                sum(case when part = 'credit' then points_now else 0 end) as credit
            from fct_friction
            group by customer_id
        ) as lines
        inner join int_customer_scores as scores using (customer_id)
        where
            lines.friction <> cast(scores.friction as decimal(18, 4))
            or lines.credit <> cast(scores.credit_balance as decimal(18, 4))
        """,
    ) == [(0,)]


def test_order_of_rows_and_threads_change_nothing(scored, warehouse):
    signals = [signal for history in HISTORIES.values() for signal in history]
    other = scored(signals, AS_OF, threads=1)
    for table in ("fct_scores", "fct_friction", "int_customer_scores", "int_decay_states"):
        same = f"select * from {table} order by all"
        assert rows(other, same) == rows(warehouse, same)


def assert_scores(warehouse: Path, at: datetime, wanted: dict[str, oracle.Score]) -> None:
    got = scores_at(warehouse, at)
    assert [row[0] for row in got] == sorted(wanted)
    for customer_id, *numbers, level, rfs in got:
        assert_equal((customer_id, *numbers, rfs, level), customer_id, wanted[customer_id])


def assert_equal(row: tuple, customer_id: str, score: oracle.Score | None) -> None:
    assert score is not None
    assert row[0] == customer_id
    names = ("friction", "peak", "end", "credit_balance", "credit_applied", "score", "rfs")
    for name, value in zip(names, row[1:8], strict=True):
        assert value == pytest.approx(getattr(score, name), abs=TOLERANCE, rel=0), (row, score)
    assert row[8] == score.level, (row, score)
