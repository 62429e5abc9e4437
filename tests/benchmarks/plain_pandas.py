"""Yardstick: the friction model as one would write it plainly in pandas, over the same export.

Frames where they help (reading, promises, order), a loop over the rows where a row depends on those
before it. It knows signal-level rows only, and gives the ledger's sums by part.
"""

import csv
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
MILLION = 1_000_000
SILENCE_DAYS = (1, 2, 4, 8, 16)
REPEAT_PCT = {1: 0, 2: 50, 3: 100}
REPEAT_WINDOW, SWITCH_WINDOW = timedelta(days=30), timedelta(days=7)
ORDER = ["customer", "occurred_at", "record_key"]


def points_by_part(files: list[Path], as_of: datetime) -> dict[str, int]:
    """Micro-points of each part of the ledger over all customers, up to `as_of`."""
    rows = pd.concat([pd.read_parquet(file) for file in files])
    rows = rows.rename(columns={"event_id": "record_key"})
    rows = rows[rows["occurred_at"] <= as_of].sort_values(ORDER)
    derived = clocks(rows)
    history = pd.concat([rows, derived[derived["occurred_at"] <= as_of]]).sort_values(ORDER)
    return scored(history)


def clocks(rows: pd.DataFrame) -> pd.DataFrame:
    """What the clocks of promises add: late notices, breaches and days of silence."""
    stated = rows[rows["promise_id"].notna()]
    keys = ["customer", "promise_id"]
    made = stated[stated["signal"] == "promise.made"]
    first = made.drop_duplicates(keys).set_index(keys)
    promises = pd.DataFrame(
        {
            "due": made.groupby(keys)["due_at"].min(),
            "updated": stated[stated["signal"] == "promise.updated"]
            .groupby(keys)["occurred_at"]
            .min(),
            "kept": stated[stated["signal"] == "promise.kept"].groupby(keys)["occurred_at"].min(),
        }
    ).loc[first.index]
    promises = promises[promises["due"].notna()]
    words = rows[(rows["channel"].notna()) & (rows["signal"] != "promise.made")]
    said: dict[tuple[str, str], list[datetime]] = {
        key: list(times)
        for key, times in words[words["issue"].notna()].groupby(["customer", "issue"])[
            "occurred_at"
        ]
    }
    added = []
    for (customer, promise), row in zip(
        promises.index, promises.itertuples(index=False), strict=True
    ):
        begun = first.loc[(customer, promise)]

        def add(signal: str, tail: str, at: datetime, begun=begun, of=(customer, promise)) -> None:
            added.append(
                {
                    "customer": of[0],
                    "record_key": f"{of[1]}:{tail}",
                    "occurred_at": at,
                    "signal": signal,
                    "touchpoint": begun["touchpoint"],
                    "issue": begun["issue"],
                    "phase": begun["phase"],
                    "promise_id": of[1],
                }
            )

        if row.updated <= row.due:
            add("promise.late_notice", "late_notice", row.updated)
        if row.updated <= row.due or row.kept <= row.due:
            continue
        add("promise.breach", "breach", row.due)
        heard = [*said.get((customer, begun["issue"]), ()), row.updated, row.kept]
        for days in SILENCE_DAYS:
            tick = row.due + timedelta(days=days)
            if not any(row.due < at <= tick for at in heard):
                add("promise.silence", f"silence:{days:02}", tick)
    return pd.DataFrame(added, columns=list(rows.columns))


def scored(history: pd.DataFrame) -> dict[str, int]:
    """The parts of all rows, each from those before it of its customer."""
    with open(SEEDS / "friction_catalogue.csv", newline="", encoding="utf-8") as file:
        rules = {rule["signal"]: rule for rule in csv.DictReader(file)}
    dues = history[history["signal"] == "promise.made"].groupby(["customer", "promise_id"])
    due_of = dues["due_at"].min().to_dict()
    sums: dict[str, int] = defaultdict(int)
    customer = None
    for row in history.itertuples(index=False):
        if row.customer != customer:
            customer = row.customer
            measures: dict[tuple, list[int]] = defaultdict(list)
            attempts: dict[tuple, list[datetime]] = defaultdict(list)
            channels: dict[str, tuple[str, datetime]] = {}
            kept = set()
        rule = rules[row.signal]
        weight, issue = int(rule["weight"]), row.issue if isinstance(row.issue, str) else None
        severity, surprise = MILLION, 0
        if rule["kind"] == "excess":
            past = measures[row.touchpoint, row.signal]
            severity, surprise = judged(int(row.measure), past, rule)
            past.append(max(int(row.measure), int(rule["floor"])))
        base = weight * severity // 1000 if rule["kind"] in ("unit", "excess") else 0
        nth = 1
        if rule["repeat_group"] and issue:
            earlier = attempts[issue, rule["repeat_group"]]
            nth += sum(row.occurred_at - at <= REPEAT_WINDOW for at in earlier)
            earlier.append(row.occurred_at)
        switched = False
        if isinstance(row.channel, str) and issue:
            last = channels.get(issue)
            switched = (
                rule["is_customer_initiated"] == "true"
                and last is not None
                and not row.context_carried
                and last[0] != row.channel
                and row.occurred_at - last[1] <= SWITCH_WINDOW
            )
            channels[issue] = (row.channel, row.occurred_at)
        good = int(rule["wcredit"]) * surprise // 1000
        if rule["kind"] == "credit":
            good = weight * 1000
            if row.signal == "promise.kept":
                due = due_of.get((row.customer, row.promise_id))
                late = due is not None and row.occurred_at > due
                good *= row.promise_id not in kept and not late
                kept.add(row.promise_id)
        phase = 25 * (row.phase == "beginning") + 50 * (row.moment_of_truth is True)
        sums["base"] += base
        sums["repeat"] += base * REPEAT_PCT.get(nth, 150) // 100
        sums["switch"] += base * 25 // 100 if switched else 0
        sums["phase"] += base * phase // 100
        sums["credit"] += good * 50 // 100
    return dict(sums)


def judged(measure: int, past: list[int], rule: dict[str, str]) -> tuple[int, int]:
    """Severity and surprise of a measured row, in millionths."""
    usual, felt = int(rule["e0"]), max(measure, int(rule["floor"]))
    moving = usual
    for j in range(1, 9):
        moving += 2 ** (8 - j) * (past[-j] if j <= len(past) else usual)
    expected = min(256 * usual, moving)
    severity = curve(felt * 256 * MILLION * 100 // (expected * 125))
    surprise = min(2 * MILLION, curve(expected * 75 * MILLION // (felt * 256 * 100)))
    return severity, surprise if int(rule["wcredit"]) else 0


def curve(ratio: int) -> int:
    """The piecewise-linear logarithm to the base 2, in millionths."""
    points, knot = 0, MILLION
    while points < 4 * MILLION and ratio > 2 * knot:
        points, knot = points + MILLION, 2 * knot
    return min(4 * MILLION, points + max(0, ratio - knot) * MILLION // knot)
