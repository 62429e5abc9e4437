"""Is what a fix would take away what the rules give when the mended signals are left out?

The expected numbers are worked out in plain Python from the oracle's ledger: mended signals are
struck out, each of the rest is counted again for how many of its repeat group are left before it.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse import oracle
from tests.warehouse.histories import TOUCHPOINTS, histories
from tests.warehouse.scored_warehouse import catalogue, score

CUSTOMERS = 250
# A Monday at nine, as the end of the car story: whole weeks earlier.
AS_OF = datetime(2019, 2, 25, 9)
STORY_WEEKS = (datetime(2026, 3, 23, 9) - AS_OF) // timedelta(weeks=1)
RULES = catalogue()
HISTORIES = histories(CUSTOMERS, RULES, seed=20260704)
MODELS = (
    "int_fix_signals",
    "int_fixes",
    "int_fix_removals",
    "int_fix_gone",
    "int_fix_effects",
    "rpt_top_fixes",
)
EXTENTS = ("alone", "with_follow_ups")
CAR = json.loads((Path(__file__).parents[1] / "scenarios" / "stories" / "car.json").read_text())

Fix = tuple[str, str, str | None]


@pytest.fixture(scope="module")
def warehouse(scored) -> Path:
    """Random histories and the car story as customers of one warehouse, and the report on them.

    Locations are dealt out by the signal's number: the histories have none.
    """
    signals = [signal for history in HISTORIES.values() for signal in history]
    built = scored([*signals, *_story(CAR)], AS_OF)
    with duckdb.connect(str(built)) as connection:
        connection.execute(
            "update int_ordered_signals set location_id = "
            "case signal_number % 3 when 0 then 'milan' when 1 then 'rome' end"
        )
    score(built.parent, "run", MODELS)
    return built


def test_a_fix_takes_away_what_the_rules_give_without_it(warehouse):
    expected = _expected()
    found = {
        (row["touchpoint"], row["signal"], row["location_id"]): row
        for row in _fixes(warehouse)
        if row["touchpoint"] in TOUCHPOINTS
    }

    assert set(found) == set(expected)
    assert len(found) > 100
    for fix, sums in expected.items():
        row = found[fix]
        assert row["customer_count"] == len({c for c in sums["alone"] if sums["mended"][c]})
        for extent, suffix in zip(EXTENTS, ("", "_with_follow_ups"), strict=True):
            gone = sum(recorded for recorded, _ in sums[extent].values())
            now = sum(felt for _, felt in sums[extent].values())
            assert row[f"points_gone{suffix}"] * 1_000_000 == gone, (fix, extent)
            assert float(row[f"points_now_gone{suffix}"]) == pytest.approx(now, abs=1e-3)
            assert row[f"leaving_level_2_count{suffix}"] == _leaving(sums[extent]), (fix, extent)


def test_follow_ups_and_fewer_repetitions_occur_in_the_histories():
    expected = _expected()

    assert any(
        _total(sums["with_follow_ups"]) > _total(sums["alone"]) for sums in expected.values()
    )
    assert any(_total(sums["alone"]) > sums["own"] for sums in expected.values())
    assert any(_leaving(sums["alone"]) for sums in expected.values())


def test_the_interval_is_a_delete_a_group_jackknife_over_twenty_groups(warehouse):
    expected = _expected()

    for row in _fixes(warehouse):
        if row["touchpoint"] not in TOUCHPOINTS:
            continue
        sums = expected[row["touchpoint"], row["signal"], row["location_id"]]["with_follow_ups"]
        groups = [0.0] * 20
        for customer, (_, felt) in sums.items():
            groups[int(hashlib.md5(customer.encode()).hexdigest()[:4], 16) % 20] += felt
        total = sum(groups)
        without = [(total - group) * 20 / 19 for group in groups]
        error = math.sqrt(19 / 20 * sum((w - total) ** 2 for w in without))
        assert row["points_now_gone_with_follow_ups_low"] == pytest.approx(
            max(total - 2.093 * error, 0), abs=2e-3
        )
        assert row["points_now_gone_with_follow_ups_high"] == pytest.approx(
            total + 2.093 * error, abs=2e-3
        )


def test_a_fix_takes_no_more_than_there_is_and_three_are_marked(warehouse):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        recorded, felt = connection.execute(
            "select sum(points), sum(points_now) from fct_friction where part <> 'credit'"
        ).fetchall()[0]
    fixes = _fixes(warehouse)

    for row in fixes:
        assert row["points_gone"] <= row["points_gone_with_follow_ups"] <= recorded
        assert float(row["points_now_gone_with_follow_ups"]) <= float(felt) + 0.01
        assert row["points_now_gone_low"] <= float(row["points_now_gone"])
        assert float(row["points_now_gone"]) <= row["points_now_gone_high"]
    everywhere = [row for row in fixes if row["scope"] == "everywhere"]
    assert len([row for row in everywhere if row["is_candidate"]]) == 3
    assert not any(row["is_candidate"] for row in fixes if row["scope"] == "location")


def test_telling_the_customer_of_the_car_on_the_day_takes_away_what_the_story_says(warehouse):
    (fix,) = [
        row
        for row in _fixes(warehouse)
        if (row["touchpoint"], row["signal"], row["scope"])
        == ("store.sale", "promise.breach", "everywhere")
    ]

    assert float(fix["points_now_gone"]) == pytest.approx(11.6904, abs=1e-4)
    assert float(fix["points_now_gone_with_follow_ups"]) == pytest.approx(14.1352, abs=1e-4)
    assert fix["leaving_level_2_count"] == 1


def _fixes(warehouse: Path) -> list[dict]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        cursor = connection.execute("select * from rpt_top_fixes")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _expected() -> dict[Fix, dict]:
    """By fix: (micro-points recorded, points felt) that would be gone, by extent and customer."""
    expected: dict[Fix, dict] = defaultdict(
        lambda: {"alone": {}, "with_follow_ups": {}, "mended": defaultdict(int), "own": 0}
    )
    for customer, signals in HISTORIES.items():
        history = oracle.history_of(signals, AS_OF)
        lines = oracle.ledger(history, RULES)
        for fix, mended in _mended(lines).items():
            sums = expected[fix]
            sums["mended"][customer] = len(mended)
            sums["own"] += sum(lines[n].friction for n in mended)
            alone = mended | _silences(lines, mended)
            follow_ups = _follow_ups(lines, mended)
            sums["alone"][customer] = _gone(lines, alone)
            sums["with_follow_ups"][customer] = _gone(lines, alone | follow_ups)
    return expected


def _mended(lines: list[oracle.Scored]) -> dict[Fix, set[int]]:
    found: dict[Fix, set[int]] = defaultdict(set)
    for n, line in enumerate(lines):
        if line.friction:
            found[line.signal.touchpoint, line.signal.signal, None].add(n)
            location = {0: "milan", 1: "rome"}.get((n + 1) % 3)
            if location:
                found[line.signal.touchpoint, line.signal.signal, location].add(n)
    return found


def _silences(lines: list[oracle.Scored], mended: set[int]) -> set[int]:
    kept = {
        lines[n].signal.promise_id for n in mended if lines[n].signal.signal == "promise.breach"
    }
    return {
        n
        for n, line in enumerate(lines)
        if line.signal.signal == "promise.silence"
        and line.signal.promise_id in kept - {None}
        and line.friction
    }


def _follow_ups(lines: list[oracle.Scored], mended: set[int]) -> set[int]:
    first: dict[str, int] = {}
    for n in sorted(mended):
        issue = lines[n].signal.issue_id
        if issue is not None:
            first.setdefault(issue, n)
    moments = {
        (line.signal.issue_id, line.signal.occurred_at, line.signal.touchpoint)
        for n, line in enumerate(lines)
        if line.friction
        and RULES[line.signal.signal].is_customer_initiated
        and line.signal.issue_id in first
        and n > first[line.signal.issue_id]
    }
    return {
        n
        for n, line in enumerate(lines)
        if line.friction
        and not line.signal.record_key.startswith(f"{line.signal.promise_id}:")
        and (line.signal.issue_id, line.signal.occurred_at, line.signal.touchpoint) in moments
    }


def _gone(lines: list[oracle.Scored], removed: set[int]) -> tuple[int, float]:
    recorded, felt = 0, 0.0
    for n, line in enumerate(lines):
        if n in removed:
            less = line.friction
        else:
            before = [other.signal for m, other in enumerate(lines[:n]) if m not in removed]
            again = oracle.nth(line.signal, before, RULES[line.signal.signal], RULES)
            less = line.repeat - line.base * oracle.REPEAT_PCT.get(again, 150) // 100
        recorded += less
        felt += _felt(line, less)
    return recorded, felt


def _felt(line: oracle.Scored, micro: int) -> float:
    epoch, weight = oracle.weighed(line.half_life, line.signal.occurred_at)
    present, present_weight = oracle.weighed(line.half_life, AS_OF)
    if present - epoch > 1:
        return 0.0
    return micro * weight / 2 ** (32 * (present - epoch)) / present_weight / 1e6


def _leaving(sums: dict[str, tuple[int, float]]) -> int:
    leaving = 0
    for customer, (_, felt) in sums.items():
        lines = oracle.ledger(oracle.history_of(HISTORIES[customer], AS_OF), RULES)
        now = oracle.score(lines, AS_OF)
        assert now is not None
        friction = max(now.friction - felt, 0)
        after = friction - min(now.credit_balance, 0.75 * friction)
        leaving += now.level >= 2 and round(after, 4) < 10
    return leaving


def _total(sums: dict[str, tuple[int, float]]) -> int:
    return sum(recorded for recorded, _ in sums.values())


def _story(story: dict) -> Iterator[oracle.Signal]:
    for number, event in enumerate(story["events"]):
        channel = event.get("channel")
        yield oracle.Signal(
            customer_id=event["customer"],
            occurred_at=_earlier(event["occurred_at"]),
            record_key=f"{number:03}",
            source="story",
            signal_position=0,
            channel=channel,
            touchpoint=event["touchpoint"],
            signal=event["signal"],
            issue_id=event.get("issue"),
            phase=event.get("phase"),
            is_moment_of_truth=event.get("moment_of_truth", False),
            promise_id=event.get("promise_id"),
            due_at=_earlier(event["due_at"]) if event.get("due_at") else None,
            ends_silence=channel is not None and event["signal"] != "promise.made",
        )


def _earlier(time: str) -> datetime:
    return datetime.fromisoformat(time) - STORY_WEEKS * timedelta(weeks=1)
