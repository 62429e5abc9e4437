"""Random histories of customers: full of ties, exact edges of every window, and odd promises."""

import random
from datetime import datetime, timedelta

from tests.warehouse.oracle import Rule, Signal

START = datetime(2019, 1, 1)
CHANNELS = ("phone", "email", "web", "store", "chat", None)
TOUCHPOINTS = ("phone.service", "web.checkout", "store.counter", "delivery", "refund")
ISSUES = ("order:1", "order:2", "ticket:7", None)
PHASES = ("before", "beginning", "during", "after", None)
PROMISE_SIGNALS = ("promise.made", "promise.updated", "promise.kept")
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
# Steps from an earlier time that land on, just before and just after each window's edge.
EDGES = tuple(
    days * DAY + nudge
    for days in (0, 1, 2, 4, 7, 8, 16, 30)
    for nudge in (-SECOND, -MICROSECOND, timedelta(0), MICROSECOND, SECOND)
)
# Epochs of the three half-lives begin at multiples of these.
EPOCH_HOURS = (32 * 168, 32 * 336, 32 * 672)


def histories(customers: int, catalogue: dict[str, Rule], seed: int) -> dict[str, list[Signal]]:
    """`customers` histories of up to 40 signals, the same for the same seed."""
    chance = random.Random(seed)
    return {
        f"customer-{number:05}": history(f"customer-{number:05}", catalogue, chance)
        for number in range(customers)
    }


def history(customer_id: str, catalogue: dict[str, Rule], chance: random.Random) -> list[Signal]:
    """One customer's signals; some crowd into days, some span years and several epochs."""
    span = chance.choice((3, 40, 40, 200, 2500))
    # A third of the customers live on few kinds of signal, so that repeats and habits build up.
    names = sorted(set(catalogue) - set(PROMISE_SIGNALS))
    names = chance.sample(names, chance.choice((2, 6, len(names))))
    times: list[datetime] = []
    signals: list[Signal] = []
    dues: list[tuple[datetime, str]] = []
    for number in range(chance.randint(1, 40)):
        at, due_of = moment(times, dues, span, chance)
        times.append(at)
        is_of_promise = chance.random() < (0.35 if due_of is None else 0.6)
        name = chance.choice(PROMISE_SIGNALS if is_of_promise else names)
        channel = chance.choice(CHANNELS)
        promise_id = due = None
        if is_of_promise:
            promise_id = due_of or chance.choice(("P1", "P2", "P3", None))
        if name == "promise.made":
            promise_id = promise_id or "P4"
            due = at + chance.choice((timedelta(0), DAY, 3 * DAY, 10 * DAY, 3 * DAY + SECOND))
            dues.append((due, promise_id))
        rule = catalogue[name]
        standard = rule.e0 or 0
        measures = (
            0,
            1,
            standard // 3,
            standard // 2,
            standard,
            standard * 5 // 4,
            standard * 5 // 2,
            standard * 7,
            standard * 1000,
        )
        signals.append(
            Signal(
                customer_id=customer_id,
                occurred_at=at,
                # Keys that sort apart as text, as numbers and by letter case.
                record_key=chance.choice((f"{number}", f"{number:04}", f"k{number}", f"K{number}")),
                source=chance.choice(("crm", "desk")),
                signal_position=number,
                channel=channel,
                touchpoint=chance.choice(TOUCHPOINTS),
                signal=name,
                issue_id=chance.choice(ISSUES),
                phase=chance.choice(PHASES),
                is_moment_of_truth=chance.random() < 0.1,
                is_context_carried=chance.random() < 0.2,
                measure=(
                    chance.choice((*measures, chance.randint(0, 4 * standard)))
                    if rule.kind == "excess"
                    else None
                ),
                promise_id=promise_id,
                due_at=due,
                ends_silence=(
                    channel is not None and name != "promise.made" and chance.random() < 0.8
                ),
                is_credit_only=rule.wcredit > 0 and chance.random() < 0.3,
            )
        )
    return signals


def moment(
    times: list[datetime], dues: list[tuple[datetime, str]], span: int, chance: random.Random
) -> tuple[datetime, str | None]:
    """A time: free, at an edge of an earlier one or of a due, or where an epoch begins.

    With it the promise whose due it is near, if that is how it was drawn.
    """
    drawn = chance.random()
    if times and drawn < 0.45:
        return chance.choice(times) + chance.choice(EDGES), None
    if dues and drawn < 0.65:
        due, promise_id = chance.choice(dues)
        return due + chance.choice(EDGES), promise_id
    if span > 1000 and drawn < 0.8:
        hours = chance.choice(EPOCH_HOURS)
        first = int((START - datetime(1970, 1, 1)) / timedelta(hours=1)) // hours + 1
        begins = datetime(1970, 1, 1) + timedelta(hours=hours * (first + chance.randint(0, 6)))
        nudge = chance.choice((-MICROSECOND, timedelta(0), SECOND, timedelta(hours=1)))
        return begins + nudge, None
    free = chance.randint(0, span * 86400) * SECOND + chance.choice((0, 1)) * MICROSECOND
    return START + free, None
