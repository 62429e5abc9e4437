"""What really happened: who is who, what was promised and kept, what must be set aside.

Only tests read it. Outcomes are decided by comparing dates, with the words of the mission and
nothing of the scorer's: a promise is kept if the customer was told, or had it, by the due in
force. The stories break a promise by more than a day (an appointment by an hour), or not at
all, so no grace changes an outcome.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tests.sample_company.clock import seconds_z
from tests.sample_company.people import Person


@dataclass
class Promise:
    """One promise and everything that happened to it; times after the end never happened."""

    promise: str
    kind: str
    source: str
    record_type: str
    record_key: str
    customer: str
    subject: str | None
    plot: str
    made_at: datetime
    due_at: datetime
    needs_notice: bool
    revisions: list[dict] = field(default_factory=list)
    notices: list[dict] = field(default_factory=list)
    contacts: list[dict] = field(default_factory=list)
    kept_internally_at: datetime | None = None
    observed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None

    def revise(self, at: datetime, due_at: datetime, told_at: datetime | None) -> None:
        """The company moved the due; `told_at` is when the customer heard, None for never."""
        self.revisions.append({"at": at, "due_at": due_at, "told_at": told_at})

    def notice(self, at: datetime, delivered: bool, about: str) -> None:
        """The company tried to tell the customer."""
        self.notices.append({"at": at, "delivered": delivered, "about": about})

    def contact(self, at: datetime, channel: str) -> None:
        """The customer asked."""
        self.contacts.append({"at": at, "channel": channel})

    def as_of(self, end: datetime) -> dict:
        """The promise as it stood at `end`, as JSON values."""
        revisions = [r for r in self.revisions if r["at"] <= end]
        notices = [n for n in self.notices if n["at"] <= end]
        contacts = sorted((c for c in self.contacts if c["at"] <= end), key=lambda c: c["at"])
        kept_internally_at = _by(self.kept_internally_at, end)
        observed_at = _by(self.observed_at, end)
        cancelled_at = _by(self.cancelled_at, end)
        due = self.due_at
        for revision in revisions:
            if revision["told_at"] and revision["told_at"] <= min(due, end):
                due = revision["due_at"]
        told = [
            n["at"]
            for n in notices
            if n["delivered"] and kept_internally_at and n["at"] >= kept_internally_at
        ]
        told_at = min(told, default=None)
        times = (told_at, observed_at) if self.needs_notice else (observed_at, kept_internally_at)
        kept_at = min((at for at in times if at), default=None)
        if cancelled_at and not (kept_at and kept_at <= cancelled_at):
            outcome = f"cancelled_by_{self.cancelled_by}"
        elif kept_at and kept_at <= due:
            outcome = "kept"
        elif due <= end:
            outcome = "broken"
        else:
            outcome = "open"
        last_open = min(at for at in (kept_at, cancelled_at, end) if at)
        return {
            "promise": self.promise,
            "kind": self.kind,
            "source": self.source,
            "record_type": self.record_type,
            "record_key": self.record_key,
            "customer": self.customer,
            "subject": self.subject,
            "plot": self.plot,
            "made_at": seconds_z(self.made_at),
            "due_at": seconds_z(self.due_at),
            "due_in_force": seconds_z(due),
            "needs_notice": self.needs_notice,
            "outcome": outcome,
            "kept_internally_at": _text(kept_internally_at),
            "told_at": _text(told_at),
            "observed_at": _text(observed_at),
            "kept_at": _text(kept_at),
            "cancelled_at": _text(cancelled_at),
            "revisions": [_texts(r) for r in revisions],
            "notices": [_texts(n) for n in notices],
            "check_ins": [_texts(c) for c in contacts if c["at"] <= min(due, last_open)],
            "chases": [_texts(c) for c in contacts if due < c["at"] <= last_open],
        }


class Truth:
    """Collects the truth while the stories are told."""

    def __init__(self) -> None:
        self.promises: list[Promise] = []
        self.set_aside: list[dict] = []
        self.files: dict[str, int] = {}
        self.repeated_files: list[dict] = []
        self._names: dict[str, dict[str, dict[str, None]]] = {}
        self._people: dict[str, dict] = {}

    def named(self, person: Person, **names: str | None) -> None:
        """These identifiers of a customer stand in an exported record."""
        known = self._names.setdefault(person.key, {})
        for type, value in names.items():
            if value:
                known.setdefault(type, {})[value] = None

    def lives(self, person: Person, orders: list[str], plots: list[str]) -> None:
        """A customer, the orders and what happens to them."""
        self._people[person.key] = {"orders": orders, "plots": plots}

    def write(self, path: Path, settings: dict, end: datetime) -> None:
        """Write the truth as JSON."""
        customers = [
            {
                "customer": key,
                **life,
                "identifiers": {
                    type: list(values) for type, values in self._names.get(key, {}).items()
                },
            }
            for key, life in self._people.items()
        ]
        truth = {
            "settings": settings,
            "customers": customers,
            "shared": _shared(customers),
            "promises": [p.as_of(end) for p in self.promises if p.made_at <= end],
            "set_aside": self.set_aside,
            "files": self.files,
            "repeated_files": self.repeated_files,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


def _shared(customers: list[dict]) -> list[dict]:
    """Identifiers that stand in records of more than one customer."""
    owners: dict[tuple[str, str], list[str]] = {}
    for customer in customers:
        for type, values in customer["identifiers"].items():
            for value in values:
                owners.setdefault((type, value), []).append(customer["customer"])
    return [
        {"type": type, "value": value, "customers": keys}
        for (type, value), keys in owners.items()
        if len(keys) > 1
    ]


def _by(at: datetime | None, end: datetime) -> datetime | None:
    return at if at and at <= end else None


def _text(at: datetime | None) -> str | None:
    return seconds_z(at) if at else None


def _texts(row: dict) -> dict:
    return {k: seconds_z(v) if isinstance(v, datetime) else v for k, v in row.items()}
