"""What all systems of the simulated company share: the period, the counters, the exits."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from tests.sample_company.people import Person
from tests.sample_company.truth import Promise, Truth
from tests.sample_company.write import Landing, to_json

DOMAIN = "company.example"


@dataclass
class World:
    """One run of the simulator. `rng` is the current customer's own source of chance."""

    seed: int
    start: datetime
    end: datetime
    landing: Landing
    truth: Truth
    rng: Random = field(default_factory=lambda: Random(0))
    _taken: dict[str, int] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)

    def has(self, at: datetime) -> bool:
        """Whether something at `at` has happened by the end."""
        return at <= self.end

    def export(self, stream: str, at: datetime, record: dict) -> bool:
        """Write a record that its system exported at `at`; False if that is after the end."""
        if at > self.end:
            return False
        self.landing.put(stream, at, to_json(record))
        return True

    def named(self, at: datetime, person: Person | None, **names: str | None) -> None:
        """These names of a person stand in a record exported at `at`."""
        if person and at <= self.end:
            self.truth.named(person, **names)

    def promised(self, promise: Promise) -> Promise:
        """Remember a promise."""
        self.truth.promises.append(promise)
        return promise

    def uuid(self) -> str:
        """A random UUID (version 4), the next of the current customer."""
        bits = self.rng.getrandbits(128) & ~(0xF << 76) | (4 << 76)
        h = f"{bits & ~(3 << 62) | (2 << 62):032x}"
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def next(self, kind: str, first: int) -> int:
        """The next of a counter that starts at `first`."""
        self._last[kind] = self._last.get(kind, first - 1) + 1
        return self._last[kind]

    def number_at(self, kind: str, at: datetime, first: int) -> int:
        """A number of that kind that grows with time, and that nothing else has."""
        number = first + int((at - self.start).total_seconds()) * 4
        while f"{kind}{number}" in self._taken:
            number += 1
        self._taken[f"{kind}{number}"] = 1
        return number
