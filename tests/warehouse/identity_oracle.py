"""Who is who by the rules in plain Python: Kruskal's forest over what was known by an instant."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.warehouse.written_log import Event, hashed

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "identifier_types.csv"
Pair = tuple[str, str]


@dataclass(frozen=True)
class Kind:
    """What the seed says of a type of identifier."""

    priority: int
    is_login: bool
    is_account: bool
    limit: int
    account_limit: int


def kinds() -> dict[str, Kind]:
    with SEED.open(newline="") as file:
        return {
            row["identifier_type"]: Kind(
                int(row["priority"]),
                row["is_login"] == "true",
                row["is_account"] == "true",
                int(row["seen_with_limit"]),
                int(row["account_limit"]),
            )
            for row in csv.DictReader(file)
        }


KINDS = kinds()


def kind(pair: Pair) -> Kind:
    return KINDS.get(pair[0], KINDS["*"])


def strength(pair: Pair) -> tuple[int, str]:
    return kind(pair).priority, hashed(*pair)


def known_from(event: Event) -> datetime:
    """An event counts from when it was recorded and has occurred."""
    return max(event.recorded_at, event.occurred_at)


def customers(
    events: Iterable[Event], at: datetime, listed: Sequence[Pair] = ()
) -> dict[str, str | None]:
    """Identifier hash -> the customer that it named at `at`; None: nobody."""
    known = [event for event in events if known_from(event) <= at]
    seen = [event for event in known if event.source != "decisions"]
    pairs = {pair for event in seen for pair in event.identifiers}
    decisions = in_force([event for event in known if event.source == "decisions"])
    blocked_by_hand = {key[0]: newest for key, newest in decisions.items() if is_block(newest)}
    shared = shared_identifiers(seen, listed)
    silent = shared | set(listed) | set(blocked_by_hand)
    forest = Forest(
        {frozenset(key) for key, e in decisions.items() if e.payload["decision"] == "unlink"}
    )
    linked: set[Pair] = set()
    newest_first = sorted(decisions.items(), key=lambda item: newness(item[1]), reverse=True)
    for key, event in newest_first:
        if event.payload["decision"] == "link" and not any(
            newness(blocked_by_hand[end]) > newness(event) for end in key if end in blocked_by_hand
        ):
            forest.join(*key, is_decided=True)
            linked |= set(key)
    for one, other in automatic_links(seen, silent):
        forest.join(one, other, is_decided=False)
        linked |= {one, other}
    likeliest_first = sorted(
        (item for item in decisions.items() if item[1].payload["decision"] == "propose"),
        key=lambda item: (-float(item[1].payload["probability"]), *sorted(map(strength, item[0]))),
    )
    for key, _ in likeliest_first:
        if not silent & set(key):
            forest.join(*key, is_decided=False)
            linked |= set(key)
    order = naming_order(seen)
    names: dict[str, Pair] = {}
    for pair in sorted(pairs, key=order.__getitem__):
        names.setdefault(forest.root(pair), pair)  # type: ignore[arg-type]
    return {
        hashed(*pair): (
            None if pair in silent and pair not in linked else hashed(*names[forest.root(pair)])  # type: ignore[index]
        )
        for pair in pairs
    }


class Forest:
    """Groups of identifiers that hang together, and which of them may not meet."""

    def __init__(self, apart: set[frozenset]) -> None:
        self._apart = apart
        self._parent: dict[Pair, Pair] = {}
        self._members: dict[Pair, set[Pair]] = {}

    def root(self, pair: Pair) -> Pair:
        while self._parent.setdefault(pair, pair) != pair:
            pair = self._parent[pair]
        self._members.setdefault(pair, {pair})
        return pair

    def join(self, one: Pair, other: Pair, is_decided: bool) -> None:
        """Follow a link, unless it is refused."""
        a, b = self.root(one), self.root(other)
        if a == b:
            return
        ours, theirs = self._members[a], self._members[b]
        if any(frozenset((x, y)) in self._apart for x in ours for y in theirs):
            return
        if not is_decided and all(any(kind(x).is_login for x in own) for own in (ours, theirs)):
            return
        self._parent[b] = a
        ours |= theirs


def newness(event: Event) -> tuple[datetime, str]:
    return event.occurred_at, event.event_id


def is_block(event: Event) -> bool:
    return event.payload["decision"] == "block"


def in_force(decisions: Iterable[Event]) -> dict[tuple[Pair, ...], Event]:
    """The last decision about each two, or each one."""
    newest: dict[tuple[Pair, ...], Event] = {}
    for event in sorted(decisions, key=newness):
        newest[tuple(sorted(event.identifiers))] = event
    return newest


def shared_identifiers(seen: Iterable[Event], listed: Sequence[Pair]) -> set[Pair]:
    """Those seen with more others of a type than one person has."""
    neighbours: dict[Pair, dict[str, set[Pair]]] = defaultdict(lambda: defaultdict(set))
    for event in seen:
        usable = set(event.identifiers) - set(listed)
        for one in usable:
            for other in usable - {one}:
                neighbours[one][other[0]].add(other)
    return {
        one
        for one, by_type in neighbours.items()
        if any(len(others) > limit(one, kind((type_, ""))) for type_, others in by_type.items())
    }


def limit(one: Pair, other: Kind) -> int:
    """How many of another kind an identifier may be seen with."""
    return other.account_limit if kind(one).is_account else other.limit


def automatic_links(seen: Iterable[Event], silent: set[Pair]) -> list[tuple[Pair, Pair]]:
    """What was seen together, from the strongest link."""
    first: dict[tuple[Pair, Pair], datetime] = {}
    for event in seen:
        usable = sorted(set(event.identifiers) - silent, key=strength)
        for other in usable[1:]:
            link = (usable[0], other)
            first[link] = min(first.get(link, event.occurred_at), event.occurred_at)
    return sorted(
        first,
        key=lambda link: (
            max(kind(link[0]).priority, kind(link[1]).priority),
            min(kind(link[0]).priority, kind(link[1]).priority),
            first[link],
            min(strength(link[0]), strength(link[1])),
            max(strength(link[0]), strength(link[1])),
        ),
    )


def naming_order(seen: Iterable[Event]) -> dict[Pair, tuple]:
    """When each identifier was known first: the earliest names the customer."""
    order: dict[Pair, tuple] = {}
    for event in seen:
        for pair in event.identifiers:
            sighting = (known_from(event), event.event_id, *strength(pair))
            order[pair] = min(order.get(pair, sighting), sighting)
    return order
