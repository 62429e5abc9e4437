"""What the report says, as it is read from one release. Times are naive UTC, points are fp."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Totals:
    """The whole release in numbers; `points_now` is friction still felt, before credits."""

    customers: int
    known_customers: int
    in_trouble: int  # at level 2 or above
    interactions: int
    anonymous_interactions: int
    journeys: int
    points_now: float
    coverage: float  # mean share of the channels in which a known customer was seen
    channels: int
    overdue_promises: int


@dataclass(frozen=True)
class Week:
    """Seven days: what was added in them, and how customers stood at their end."""

    ends_at: datetime
    levels: tuple[int, int, int, int]  # customers at level 1, 2, 3, 4
    points: float
    contacts: int
    promises_kept: int
    promises_broken: int


@dataclass(frozen=True)
class Heat:
    """Friction felt now at one touchpoint in one channel; None: all others together."""

    touchpoint: str | None
    channel: str | None
    points: float


@dataclass(frozen=True)
class Stop:
    """Journeys that are at a touchpoint at their n-th stop; None: at any other touchpoint."""

    stop: int
    touchpoint: str | None
    journeys: int
    points: float


@dataclass(frozen=True)
class Passage:
    """Journeys that go on from one touchpoint at their n-th stop to another at the next."""

    stop: int
    origin: str | None
    target: str | None
    journeys: int


@dataclass(frozen=True)
class Signal:
    """A signal of a customer: the score just before and after it, and why it counts."""

    at: datetime
    signal: str
    before: float
    after: float
    level: int
    points: float
    credit: float
    touchpoint: str
    channel: str | None
    is_of_journey: bool
    explanation: str


@dataclass(frozen=True)
class Promise:
    """A promise on the way of a journey."""

    kind: str
    state: str
    is_broken: bool
    made_at: datetime
    due_at: datetime
    broken_at: datetime | None
    kept_internally_at: datetime | None
    told_at: datetime | None
    closed_at: datetime | None
    silent_days: int
    informed_days: int
    knowing_days: int
    chases: int


@dataclass(frozen=True)
class WorstJourney:
    """A journey of which most is still felt, with what happened to its customer meanwhile."""

    journey_id: str
    customer_id: str
    subject_type: str | None
    subject_key: str | None
    status: str
    channel_path: str
    opened_at: datetime
    points: float
    points_now: float
    score: float
    level: int
    begun_at: datetime  # its first friction, or the first promise of it that was broken
    signals: Sequence[Signal]
    signals_left_out: int
    promises: Sequence[Promise]
    promises_left_out: int


@dataclass(frozen=True)
class PromiseKind:
    """Promises of one kind by state; each is in one of the five. Days are summed over promises."""

    kind: str
    kept: int
    broken: int
    open: int
    moved: int  # a new date was told in time, or the customer called it off
    unknown: int
    silent_days: int
    knowing_days: int
    chases: int


@dataclass(frozen=True)
class Fix:
    """One signal mended at one touchpoint: the friction felt now that would be gone."""

    touchpoint: str
    signal: str
    is_candidate: bool
    gone: float
    gone_with_follow_ups: float
    low: float
    high: float
    share: float
    leaving_level_2: int
    customers: int


@dataclass(frozen=True)
class Touch:
    """One touch of a journey that hides friction."""

    journey_id: str
    touchpoint: str
    points: float


@dataclass(frozen=True)
class Hidden:
    """A journey in which no touch was bad and all together were."""

    journey_id: str
    customer_id: str
    points: float
    worst: float
    touches: int
    channel_path: str


@dataclass(frozen=True)
class Intervention:
    """A reason to turn to a customer that is due."""

    customer_id: str
    level: int
    since: datetime
    reason: str
    step: str


@dataclass(frozen=True)
class Channel:
    """What was seen in one channel."""

    channel: str
    interactions: int
    anonymous_interactions: int
    known_customers: int


@dataclass(frozen=True)
class Quality:
    """One thing about the data that a reader should know."""

    topic: str
    source: str
    what: str
    rows: int
    share: float | None


@dataclass(frozen=True)
class Facts:
    """Everything that the report says."""

    as_of: datetime
    totals: Totals
    weeks: Sequence[Week]  # the last is the one that ends at as_of
    heat: Sequence[Heat]
    stops: Sequence[Stop]
    passages: Sequence[Passage]
    costly_journeys: int
    worst: Sequence[WorstJourney]
    promises: Sequence[PromiseKind]
    promise_kinds: int
    fixes: Sequence[Fix]
    hidden: Sequence[Hidden]
    hidden_touches: Sequence[Touch]
    hidden_count: int
    interventions: Sequence[Intervention]
    interventions_by_level: dict[int, int]
    customers_due: int  # customers with one intervention or more that is due
    contacts_per_order: tuple[float, float] | None  # all, and avoidable ones
    channels: Sequence[Channel]
    quality: Sequence[Quality]
    quality_count: int
    thresholds: dict[int, int]  # points at which a level begins
    steps: dict[int, str]  # what is done at a level
    phrases: dict[str, str]  # signal: what the customer went through, in words
    weights: dict[str, float]  # signal: its weight in points
    half_lives: Sequence[float]  # days after which half of the points are gone
