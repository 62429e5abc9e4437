"""Turns facts into figures: what a chart draws, and the same numbers as a table in words.

The browser draws `data` (see charts.js) and the page holds `table` for whoever cannot see, or does
not trust, the drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from serving.report.facts import Facts, Promise, PromiseKind, Signal, Week, WorstJourney
from serving.report.words import counted, day, number, percent, shortened, time

OTHERS = "all others"
NO_CHANNEL = "no channel"


@dataclass(frozen=True)
class Table:
    """Cells of plain text; columns in `numbers` are flush right, those in `codes` are ids.

    Where there is no room, a row of `is_cards` becomes a card.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    codes: Sequence[int] = ()
    is_cards: bool = False


@dataclass(frozen=True)
class Figure:
    """One drawing: its key in charts.js, its title, what it shows, its data and its table."""

    key: str
    title: str
    label: str
    data: Any
    table: Table


def trend(facts: Facts) -> tuple[Figure, Figure, Figure]:
    """Week by week: customers who need a person, friction added, promises kept."""
    weeks = [day(week.ends_at) for week in facts.weeks]
    span = f"{weeks[0]} to {weeks[-1]}"
    return (
        Figure(
            key="trouble",
            title="Customers who need a person",
            label=f"Customers at levels 2, 3 and 4 at the end of each week, {span}",
            data={
                "weeks": weeks,
                "levels": [[week.levels[level - 1] for week in facts.weeks] for level in (2, 3, 4)],
            },
            table=Table(
                "Customers by level at the end of each week",
                ["week to", "level 2", "level 3", "level 4", "need a person"],
                [
                    [name, *(number(each) for each in week.levels[1:]), number(needing(week))]
                    for name, week in zip(weeks, facts.weeks, strict=True)
                ],
                numbers=(1, 2, 3, 4),
            ),
        ),
        Figure(
            key="added",
            title="Points of friction added",
            label=f"Points of friction added in each week, {span}",
            data={"weeks": weeks, "points": [round(week.points, 4) for week in facts.weeks]},
            table=Table(
                "Friction added, and contacts that customers made, by week",
                ["week to", "points", "contacts"],
                [
                    [name, number(week.points, 1), number(week.contacts)]
                    for name, week in zip(weeks, facts.weeks, strict=True)
                ],
                numbers=(1, 2),
            ),
        ),
        Figure(
            key="kept",
            title="Promises kept, of those due",
            label=f"Share of the promises that fell due in each week and were kept, {span}",
            data={
                "weeks": weeks,
                "kept": [week.promises_kept for week in facts.weeks],
                "broken": [week.promises_broken for week in facts.weeks],
            },
            table=Table(
                "Promises by the week in which they fell due",
                ["week to", "kept", "broken", "kept of both"],
                [
                    [
                        name,
                        number(week.promises_kept),
                        number(week.promises_broken),
                        percent(week.promises_kept, week.promises_kept + week.promises_broken),
                    ]
                    for name, week in zip(weeks, facts.weeks, strict=True)
                ],
                numbers=(1, 2, 3),
            ),
        ),
    )


def needing(week: Week) -> int:
    """Customers who needed a person at the end of a week: level 2 or above."""
    return sum(week.levels[1:])


def heat(facts: Facts) -> Figure:
    """Friction felt now by touchpoint and channel, the worst first, all others last."""
    cells = {(each.touchpoint, each.channel): each.points for each in facts.heat}
    touchpoints = by_sum({touchpoint: 0.0 for touchpoint, _ in cells}, cells, 0)
    channels = by_sum({channel: 0.0 for _, channel in cells}, cells, 1)
    names = [channel_name(channel) for channel in channels]
    sums = [sum(cells.get((row, column), 0.0) for column in channels) for row in touchpoints]
    return Figure(
        key="heat",
        title="Points of friction felt now",
        label="Friction felt now, by touchpoint and channel"
        + (f"; most at {touchpoints[0] or OTHERS}" if touchpoints else ""),
        data={
            "touchpoints": [touchpoint or OTHERS for touchpoint in touchpoints],
            "channels": names,
            "cells": [
                [column, row, round(cells[touchpoint, channel], 4)]
                for row, touchpoint in enumerate(touchpoints)
                for column, channel in enumerate(channels)
                if (touchpoint, channel) in cells
            ],
            "sums": [round(each, 4) for each in sums],
        },
        table=Table(
            "Points of friction felt now",
            ["touchpoint", *names, "together"],
            [
                [
                    touchpoint or OTHERS,
                    *(points_or_blank(cells.get((touchpoint, channel))) for channel in channels),
                    number(together, 1),
                ]
                for touchpoint, together in zip(touchpoints, sums, strict=True)
            ],
            numbers=range(1, len(names) + 2),
        ),
    )


def by_sum(sums: dict, cells: dict[tuple, float], place: int) -> list:
    """The rows or columns of `cells` by what they hold, the most first; all others are last."""
    for at, points in cells.items():
        sums[at[place]] += points
    return sorted(sums, key=lambda each: (each is None, -sums[each], each or ""))


def channel_name(channel: str | None) -> str:
    """A channel in words: a promise's clock has none."""
    if channel is None:
        return "other channels"
    return NO_CHANNEL if channel == "none" else channel


def points_or_blank(points: float | None) -> str:
    """Points, or nothing where there are none."""
    return number(points, 1) if points else ""


def flow(facts: Facts) -> Figure:
    """Where costly journeys go: a node a stop and touchpoint, so no path leads back."""
    names = {(each.stop, each.touchpoint): each.touchpoint or OTHERS for each in facts.stops}
    ids = {at: f"{at[0]}:{'' if at[1] is None else 'at '}{at[1] or ''}" for at in names}
    onward: dict[tuple, int] = dict.fromkeys(names, 0)
    for each in facts.passages:
        onward[each.stop, each.origin] += each.journeys
    return Figure(
        key="flow",
        title="From stop to stop",
        label=f"How {number(facts.costly_journeys)} costly journeys go from stop to stop",
        data={
            "nodes": [
                {
                    "id": ids[each.stop, each.touchpoint],
                    "name": names[each.stop, each.touchpoint],
                    "stop": each.stop,
                    "journeys": each.journeys,
                    "onward": onward[each.stop, each.touchpoint],
                    "points": round(each.points, 4),
                }
                for each in facts.stops
            ],
            "links": [
                {
                    "source": ids[each.stop, each.origin],
                    "target": ids[each.stop + 1, each.target],
                    "stop": each.stop,
                    "from": each.origin or OTHERS,
                    "to": each.target or OTHERS,
                    "journeys": each.journeys,
                }
                for each in facts.passages
            ],
        },
        table=Table(
            "Journeys from each stop to the next",
            ["stop", "from", "to, at the next stop", "journeys"],
            [
                [
                    str(each.stop),
                    each.origin or OTHERS,
                    each.target or OTHERS,
                    number(each.journeys),
                ]
                for each in facts.passages
            ],
            numbers=(0, 3),
        ),
    )


def journeys(facts: Facts) -> list[Figure]:
    """One timeline a journey of those of which most is still felt."""
    return [journey(facts, each) for each in facts.worst]


def journey(facts: Facts, each: WorstJourney) -> Figure:
    """How friction built up in one journey: the customer's score, and its promises."""
    name = journey_name(each)
    return Figure(
        key="journey",
        title=journey_name(each),
        label=f"The score of the customer of {name} from {day(each.begun_at)} on, with promises",
        data={
            "from": milliseconds(each.begun_at),
            "to": milliseconds(facts.as_of),
            "score": round(each.score, 4),
            "thresholds": [facts.thresholds[level] for level in (1, 2, 3, 4)],
            "signals": [
                {
                    "at": milliseconds(signal.at),
                    "before": round(signal.before, 4),
                    "after": round(signal.after, 4),
                    "kind": kind_of(signal),
                    "own": signal.is_of_journey,
                    "tell": [time(signal.at), told(signal), f"Score {standing(signal)}"],
                }
                for signal in each.signals
            ],
            "promises": [
                {
                    "kind": shortened(promise.kind, 24),
                    "made": milliseconds(promise.made_at),
                    "due": milliseconds(promise.due_at),
                    "closed": milliseconds(promise.closed_at or facts.as_of),
                    "broken": promise.is_broken,
                    "done": milliseconds(promise.kept_internally_at),
                    "told": milliseconds(promise.told_at or promise.closed_at or facts.as_of),
                    "knowing": promise.knowing_days,
                    "tell": promise_told(promise),
                }
                for promise in each.promises
            ],
        },
        table=Table(
            f"What happened to the customer of {name}",
            ["when (UTC)", "what", "score after", "level"],
            sorted(
                [
                    [time(signal.at), told(signal), number(signal.after, 1), str(signal.level)]
                    for signal in each.signals
                ]
                + [
                    [time(promise.made_at), " ".join(promise_told(promise)), "", ""]
                    for promise in each.promises
                ],
                key=lambda row: row[0],
            ),
            numbers=(2, 3),
        ),
    )


def journey_name(each: WorstJourney) -> str:
    """A journey as people would call it."""
    if each.subject_type and each.subject_key:
        return f"{each.subject_type} {shortened(each.subject_key, 24)}"
    return f"the journey of {day(each.opened_at)}"


def kind_of(signal: Signal) -> str:
    """How a signal is marked in a timeline."""
    if not signal.points:
        return "good"
    if signal.signal == "promise.silence":
        return "silence"
    if signal.signal.startswith("promise."):
        return "broken"
    return "chase" if signal.signal == "contact.chase" else "other"


def told(signal: Signal) -> str:
    """Why a signal counts, in the ledger's words."""
    why = signal.explanation or signal.signal
    return why if signal.is_of_journey else f"{why} (on another journey)"


def standing(signal: Signal) -> str:
    """Where the score stood after a signal."""
    return f"{number(signal.after, 1)}, level {signal.level}"


def promise_told(promise: Promise) -> list[str]:
    """What became of a promise, line by line."""
    lines = [
        f"Promise ({shortened(promise.kind, 40)}) made {time(promise.made_at)}, "
        f"due {time(promise.due_at)}: {promise.state.replace('_', ' ')}."
    ]
    if promise.kept_internally_at:
        lines.append(f"Done inside the company {time(promise.kept_internally_at)}.")
    if promise.closed_at:
        lines.append(f"Closed for the customer {time(promise.closed_at)}.")
    if promise.is_broken:
        lines.append(
            f"{counted(promise.silent_days, 'day')} of silence, "
            f"{counted(promise.informed_days, 'day')} informed, "
            f"{number(promise.chases)} chased."
        )
    if promise.knowing_days:
        lines.append(f"{counted(promise.knowing_days, 'day')} known and not told.")
    return lines


def promise_states(facts: Facts) -> Figure:
    """What became of promises, by kind."""
    return Figure(
        key="promises",
        title="What became of promises",
        label="Promises by kind: kept, broken, open, moved, unknown",
        data={
            "kinds": [each.kind for each in facts.promises],
            "states": {
                state: [getattr(each, state) for each in facts.promises]
                for state in ("kept", "broken", "open", "moved", "unknown")
            },
        },
        table=Table(
            "Promises by kind and by what became of them",
            ["kind", "all", "kept", "broken", "open", "moved", "unknown", "kept of due"],
            [
                [
                    each.kind,
                    *(
                        number(count)
                        for count in (
                            made(each),
                            each.kept,
                            each.broken,
                            each.open,
                            each.moved,
                            each.unknown,
                        )
                    ),
                    percent(each.kept, each.kept + each.broken),
                ]
                for each in facts.promises
            ],
            numbers=range(1, 8),
        ),
    )


def made(kind: PromiseKind) -> int:
    """All promises of a kind."""
    return kind.kept + kind.broken + kind.open + kind.moved + kind.unknown


def promise_days(facts: Facts) -> Figure:
    """Days that customers heard nothing, and days that the company knew and did not say."""
    return Figure(
        key="days",
        title="Days without a word",
        label="Days of silence and of knowing silence, by kind of promise",
        data={
            "kinds": [each.kind for each in facts.promises],
            "silent": [each.silent_days for each in facts.promises],
            "knowing": [each.knowing_days for each in facts.promises],
        },
        table=Table(
            "Days on overdue promises, and how often customers asked",
            ["kind", "silent days", "known and not told, days", "chases"],
            [
                [
                    each.kind,
                    number(each.silent_days),
                    number(each.knowing_days),
                    number(each.chases),
                ]
                for each in facts.promises
            ],
            numbers=(1, 2, 3),
        ),
    )


def fixes(facts: Facts) -> Figure:
    """What would be gone, with intervals, if one thing were mended."""
    return Figure(
        key="fixes",
        title="Points of friction that would be gone",
        label="Friction that would be gone if one thing were mended, with 95 % intervals",
        data=[
            {
                "touchpoint": each.touchpoint,
                "what": phrase(facts, each.signal),
                "candidate": each.is_candidate,
                "gone": round(each.gone_with_follow_ups, 4),
                "low": round(each.low, 4),
                "high": round(each.high, 4),
                "alone": round(each.gone, 4),
                "leaving": each.leaving_level_2,
            }
            for each in facts.fixes
        ],
        table=Table(
            "Friction felt now that would be gone",
            [
                "touchpoint",
                "what customers went through",
                "points gone",
                "from",
                "to",
                "without follow-ups",
                "leave level 2+",
                "customers",
            ],
            [
                [
                    each.touchpoint + (" ●" if each.is_candidate else ""),
                    phrase(facts, each.signal),
                    number(each.gone_with_follow_ups, 1),
                    number(each.low, 1),
                    number(each.high, 1),
                    number(each.gone, 1),
                    number(each.leaving_level_2),
                    number(each.customers),
                ]
                for each in facts.fixes
            ],
            numbers=range(2, 8),
        ),
    )


def phrase(facts: Facts, signal: str) -> str:
    """What customers went through, in the words of the catalogue."""
    return facts.phrases.get(signal, signal)


def hidden(facts: Facts) -> Figure:
    """The journeys in which small things added up, touch by touch."""
    touches: dict[str, list] = {each.journey_id: [] for each in facts.hidden}
    for touch in facts.hidden_touches:
        touches[touch.journey_id].append([touch.touchpoint, round(touch.points, 4)])
    return Figure(
        key="hidden",
        title="Touch by touch",
        label="Touches of the journeys that hide most friction, each small",
        data=[
            {
                "name": str(number_of),
                "points": round(each.points, 4),
                "count": each.touches,
                "touches": touches[each.journey_id],
            }
            for number_of, each in enumerate(facts.hidden, 1)
        ],
        table=Table(
            "Journeys of small touches",
            ["", "journey", "customer", "points", "worst touch", "touches", "channels"],
            [
                [
                    str(number_of),
                    each.journey_id,
                    each.customer_id,
                    number(each.points, 1),
                    number(each.worst, 1),
                    number(each.touches),
                    shortened(each.channel_path, 120) or "none",
                ]
                for number_of, each in enumerate(facts.hidden, 1)
            ],
            numbers=(0, 3, 4, 5),
            codes=(1, 2),
        ),
    )


def milliseconds(at: datetime | None) -> int | None:
    """An instant as browsers count time."""
    return None if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1000)
