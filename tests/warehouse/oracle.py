"""The friction model a second time, in plain Python: slow, obvious, sharing no code with the SQL.

It reads signals as `int_signals` has them, plus the catalogue's numbers, and works out section 2.13
of the friction model by looking at every earlier event again for every event.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from functools import cache

HALF_LIFE_HOURS = {"short": 168, "base": 336, "long": 672}
REPEAT_PCT = {1: 0, 2: 50, 3: 100}
PHASE_PCT = {"beginning": 25}
SILENCE_DAYS = (1, 2, 4, 8, 16)
LEVELS = (5, 10, 20, 40)
MILLION = 1_000_000


@dataclass(frozen=True)
class Rule:
    """A signal's row of the catalogue; weights in thousandths of a point."""

    kind: str
    weight: int
    wcredit: int
    e0: int | None
    floor: int | None
    half_life: str
    repeat_group: str | None
    is_customer_initiated: bool


@dataclass(frozen=True)
class Signal:
    """A row of `int_signals`, as far as scoring reads it. Times are naive UTC."""

    customer_id: str
    occurred_at: datetime
    record_key: str
    source: str
    signal_position: int
    channel: str | None
    touchpoint: str
    signal: str
    issue_id: str | None = None
    phase: str | None = None
    is_moment_of_truth: bool = False
    is_context_carried: bool = False
    measure: int | None = None
    promise_id: str | None = None
    due_at: datetime | None = None
    ends_silence: bool = False
    is_credit_only: bool = False

    @property
    def place(self) -> tuple[datetime, str, str, int]:
        """Where it stands in the order of its customer."""
        return (self.occurred_at, self.record_key, self.source, self.signal_position)


@dataclass(frozen=True)
class Scored:
    """A signal and what it adds, in micro-points."""

    signal: Signal
    half_life: str
    severity: int
    expectation_256: int | None
    base: int
    repeat: int
    switch: int
    phase: int
    credit: int

    @property
    def friction(self) -> int:
        return self.base + self.repeat + self.switch + self.phase


@dataclass(frozen=True)
class Score:
    """What a customer feels at an instant, in points."""

    friction: float
    peak: float
    end: float
    credit_balance: float
    credit_applied: float
    score: float
    rfs: float
    level: int


def history_of(signals: Iterable[Signal], as_of: datetime) -> list[Signal]:
    """One customer's signals up to `as_of` with those of its promises' clocks, in order."""
    recorded = [signal for signal in signals if signal.occurred_at <= as_of]
    derived = [signal for signal in derive(recorded) if signal.occurred_at <= as_of]
    return sorted(recorded + derived, key=lambda signal: signal.place)


def derive(recorded: Sequence[Signal]) -> list[Signal]:
    """Breaches, silence ticks and late notices of one customer's promises, at whatever time."""
    derived: list[Signal] = []
    for promise_id, first_made in sorted(promises_of(recorded).items()):
        due = due_of(recorded, promise_id)
        if due is None:
            continue

        def clock(
            kind: str, tail: str, at: datetime, made: Signal = first_made, of: str = promise_id
        ) -> Signal:
            return replace(
                made,
                occurred_at=at,
                record_key=f"{of}:{tail}",
                signal_position=0,
                channel=None,
                signal=kind,
                is_moment_of_truth=False,
                is_context_carried=False,
                measure=None,
                due_at=None,
                ends_silence=False,
                is_credit_only=False,
            )

        of_promise = [signal for signal in recorded if signal.promise_id == promise_id]
        updates = sorted(s.occurred_at for s in of_promise if s.signal == "promise.updated")
        keeps = [s.occurred_at for s in of_promise if s.signal == "promise.kept"]
        if updates and updates[0] <= due:
            derived.append(clock("promise.late_notice", "late_notice", updates[0]))
        if any(at <= due for at in updates + keeps):
            continue
        derived.append(clock("promise.breach", "breach", due))
        for days in SILENCE_DAYS:
            tick = due + timedelta(days=days)
            answered = any(
                due < signal.occurred_at <= tick
                for signal in recorded
                if (
                    signal.promise_id == promise_id
                    and signal.signal in ("promise.kept", "promise.updated")
                )
                or (
                    signal.ends_silence
                    and signal.issue_id is not None
                    and signal.issue_id == first_made.issue_id
                )
            )
            if not answered:
                derived.append(clock("promise.silence", f"silence:{days:02}", tick))
    return derived


def promises_of(recorded: Sequence[Signal]) -> dict[str, Signal]:
    """The first `promise.made` of each promise."""
    made: dict[str, Signal] = {}
    for signal in sorted(recorded, key=lambda signal: signal.place):
        if signal.signal == "promise.made" and signal.promise_id is not None:
            made.setdefault(signal.promise_id, signal)
    return made


def due_of(recorded: Sequence[Signal], promise_id: str) -> datetime | None:
    """The earliest due that was ever promised under this id."""
    dues = [
        signal.due_at
        for signal in recorded
        if signal.signal == "promise.made"
        and signal.promise_id == promise_id
        and signal.due_at is not None
    ]
    return min(dues) if dues else None


def ledger(history: Sequence[Signal], catalogue: Mapping[str, Rule]) -> list[Scored]:
    """What each signal of one customer's ordered history adds."""
    return [score_signal(history, place, catalogue) for place in range(len(history))]


def score_signal(history: Sequence[Signal], place: int, catalogue: Mapping[str, Rule]) -> Scored:
    """The points of one signal, from those before it."""
    signal, before = history[place], history[:place]
    rule = catalogue[signal.signal]
    severity, surprise, expectation = MILLION, 0, None
    if rule.kind == "excess":
        expectation, severity, surprise = judge(signal, before, rule)
    base = 0
    if rule.kind in ("unit", "excess") and not signal.is_credit_only:
        base = rule.weight * severity // 1000
    phase_pct = PHASE_PCT.get(signal.phase or "", 0) + (50 if signal.is_moment_of_truth else 0)
    if rule.kind == "credit":
        good = rule.weight * 1000 if earns(signal, history) else 0
    else:
        good = rule.wcredit * surprise // 1000
    return Scored(
        signal=signal,
        half_life=rule.half_life,
        severity=severity,
        expectation_256=expectation,
        base=base,
        repeat=base * REPEAT_PCT.get(nth(signal, before, rule, catalogue), 150) // 100,
        switch=base * 25 // 100 if switched(signal, before, rule) else 0,
        phase=base * phase_pct // 100,
        credit=good * 50 // 100,
    )


def judge(signal: Signal, before: Sequence[Signal], rule: Rule) -> tuple[int, int, int]:
    """Expectation in 256ths, severity and surprise in millionths, of a measured signal."""
    assert rule.e0 is not None and rule.floor is not None and signal.measure is not None
    felt = max(signal.measure, rule.floor)
    past = [
        max(other.measure or 0, rule.floor)
        for other in before
        if other.touchpoint == signal.touchpoint and other.signal == signal.signal
    ]
    moving = rule.e0
    for j in range(1, 9):
        moving += 2 ** (8 - j) * (past[-j] if j <= len(past) else rule.e0)
    expectation = min(256 * rule.e0, moving)
    severity = curve(felt * 256 * MILLION * 100 // (expectation * 125))
    surprise = min(2 * MILLION, curve(expectation * 75 * MILLION // (felt * 256 * 100)))
    return expectation, severity, surprise if rule.wcredit else 0


def curve(r: int) -> int:
    """S(r) of the model: a piecewise-linear logarithm to the base 2, in millionths."""
    if r <= 1 * MILLION:
        return 0
    if r <= 2 * MILLION:
        return r - MILLION
    if r <= 4 * MILLION:
        return MILLION + (r - 2 * MILLION) // 2
    if r <= 8 * MILLION:
        return 2 * MILLION + (r - 4 * MILLION) // 4
    if r <= 16 * MILLION:
        return 3 * MILLION + (r - 8 * MILLION) // 8
    return 4 * MILLION


def nth(signal: Signal, before: Sequence[Signal], rule: Rule, catalogue: Mapping[str, Rule]) -> int:
    """The how-manyth of its repeat group it is on its issue within 30 days."""
    if rule.repeat_group is None or signal.issue_id is None:
        return 1
    return 1 + sum(
        other.issue_id == signal.issue_id
        and catalogue[other.signal].repeat_group == rule.repeat_group
        and second(signal.occurred_at) - second(other.occurred_at) <= 30 * 86400
        for other in before
    )


def switched(signal: Signal, before: Sequence[Signal], rule: Rule) -> bool:
    """Whether the customer had to come by another channel than the issue's last one."""
    if not rule.is_customer_initiated or signal.channel is None or signal.issue_id is None:
        return False
    earlier = [o for o in before if o.issue_id == signal.issue_id and o.channel is not None]
    if not earlier or signal.is_context_carried:
        return False
    last = earlier[-1]
    return (
        last.channel != signal.channel
        and second(signal.occurred_at) - second(last.occurred_at) <= 7 * 86400
    )


def earns(signal: Signal, history: Sequence[Signal]) -> bool:
    """Whether a credit signal earns: a promise is kept once, and in time."""
    if signal.signal != "promise.kept" or signal.promise_id is None:
        return True
    keeps = [
        other
        for other in history
        if other.signal == "promise.kept" and other.promise_id == signal.promise_id
    ]
    due = due_of(history, signal.promise_id)
    return keeps[0] is signal and (due is None or signal.occurred_at <= due)


def score(scored: Sequence[Scored], at: datetime) -> Score | None:
    """The score at `at` of the ordered ledger of one customer; None before anything happened."""
    counted = [line for line in scored if line.signal.occurred_at <= at]
    if not counted:
        return None
    friction_sums: dict[tuple[str, int], int] = defaultdict(int)
    credit_sums: dict[tuple[str, int], int] = defaultdict(int)
    for line in counted:
        epoch, weight = weighed(line.half_life, line.signal.occurred_at)
        friction_sums[line.half_life, epoch] += line.friction * weight
        credit_sums[line.half_life, epoch] += line.credit * weight
    friction = felt_sum(friction_sums, at)
    credit = felt_sum(credit_sums, at)
    single = [felt_alone(line, at) for line in counted]
    applied = min(credit, 0.75 * friction)
    points = friction - applied
    return Score(
        friction=friction,
        peak=max(single),
        end=single[-1],
        credit_balance=credit,
        credit_applied=applied,
        score=points,
        rfs=friction + 0.5 * max(single) + 0.25 * single[-1] - applied,
        level=sum(round(points, 4) >= threshold for threshold in LEVELS),
    )


def felt_sum(sums: Mapping[tuple[str, int], int], at: datetime) -> float:
    """Points left at `at` of the exact sums by half-life and epoch."""
    total = 0.0
    for half_life in ("short", "base", "long"):
        epoch, weight = weighed(half_life, at)
        whole = sums.get((half_life, epoch), 0) + sums.get((half_life, epoch - 1), 0) // 2**32
        total += float(whole) / float(weight)
    return total / 1e6


def felt_alone(line: Scored, at: datetime) -> float:
    """Points left at `at` of one line."""
    epoch, weight = weighed(line.half_life, line.signal.occurred_at)
    present, present_weight = weighed(line.half_life, at)
    if present - epoch > 1:
        return 0.0
    whole = line.friction * weight if present == epoch else line.friction * weight // 2**32
    return float(whole) / float(present_weight) / 1e6


def weighed(half_life: str, at: datetime) -> tuple[int, int]:
    """Epoch and integer weight of an instant in one class."""
    hours = HALF_LIFE_HOURS[half_life]
    epoch, k = divmod(second(at) // 3600, 32 * hours)
    return epoch, weight_of(k, hours)


@cache
def weight_of(k: int, hours: int) -> int:
    """round(2^30 · 2^(k/h)), by 60-digit decimals."""
    getcontext().prec = 60
    exact = (Decimal(2).ln() * (30 + Decimal(k) / hours)).exp()
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def second(at: datetime) -> int:
    """Whole seconds since 1970."""
    return (at - datetime(1970, 1, 1)) // timedelta(seconds=1)
