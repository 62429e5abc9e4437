"""Laws that hold whatever the weights: histories and what was changed in them, side by side.

Each history of a log is told in several variants, each by a customer of its own: as it was, with
one more chase, with one more notice, whole weeks later, across a change of the clocks, merged with
another by hand and split again. One build shows what the change did. A second build reads the same
rows in other files and another order, a third knows only what was recorded by a day in the midst.
"""

import csv
import io
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.histories import START, histories
from tests.warehouse.scored_warehouse import catalogue
from tests.warehouse.whole_road import build_log, land, record_all

NOW = datetime(2027, 2, 1, 12)
AS_OF = "2027-01-20 12:00:00"
# The epochs of all three half-lives begin anew on 4 June 2026, in the midst of the histories.
BEGINS = datetime(2026, 5, 4)
MIDST = datetime(2026, 5, 25, 12)
LATE = datetime(2026, 9, 1)
WEEKS = timedelta(weeks=9)
# Local histories of winter, moved over 29 March and over 25 October.
WINTER, SPRING, AUTUMN = timedelta(weeks=-13), timedelta(weeks=-7), timedelta(weeks=23)
# The first hour of a day tells days by their zone; from 1 to 4 local hours are missing or double.
HOURS = (0, 0, 0, *range(5, 24))
HISTORIES = 120
SPLIT = 20  # of each kind, taken for one customer two by two, and told apart again
DAYS = 45
PARTS = ("base", "repeat", "switch", "phase", "credit")
SELECT = (
    "+fct_friction",
    "+fct_scores",
    "+fct_promises",
    "+fct_interactions",
    "+customer_id_map",
)
TABLES = ("fct_friction", "fct_scores", "fct_promises", "fct_interactions", "customer_id_map")
DESK = """
files: "*.csv"
time_zone: {zone}
key: id
recorded_at: {{column: seen, time_zone: UTC}}
customer: who
interactions:
  - occurred_at: at
    kind: kind
    direction: direction
    channel: channel
    touchpoint: {{value: desk}}
    subject: {{type: order, key: subject}}
    delivered: delivered
    marketing: marketing
    automated: automated
    outcome: outcome
    employee: employee
    promise: promise
    promise_kind: promise_kind
    promise_id: promise_id
    due_at: due
    needs_notice: needs_notice
"""
CRM = """
files: "*.csv"
time_zone: UTC
key: id
recorded_at: seen
customer: who
interactions:
  - {occurred_at: at, channel: channel, touchpoint: touchpoint, signal: signal, issue: issue,
     phase: phase, moment_of_truth: moment_of_truth, context_carried: context_carried,
     measure: measure, promise_id: promise_id, due_at: due}
"""


@dataclass(frozen=True)
class Row:
    """A row of a mapped source before it belongs to anybody: ids are the history's own."""

    number: int
    at: datetime
    said: tuple[tuple[str, object], ...]
    due: datetime | None = None
    is_due_date: bool = False
    is_late: bool = False

    def moved(self, by: timedelta) -> "Row":
        return replace(self, at=self.at + by, due=self.due + by if self.due else None)

    def cells(self, who: str) -> dict[str, object]:
        """The row as this customer's; keys, subjects and promises are theirs alone."""
        said = {name: value for name, value in self.said if value is not None}
        own = {name: f"{who}.{said[name]}" for name in OWN if name in said}
        due = (self.due.date() if self.is_due_date else self.due) if self.due else None
        seen = LATE if self.is_late else self.at
        return {
            **said,
            **own,
            "id": f"{who}.{self.number:03}",
            "who": who,
            "at": self.at,
            "due": due,
            "seen": seen,
        }


OUTCOMES = (None, None, None, "callback_promised", "date_given", "resolved")
OWN = ("subject", "promise_id", "issue")
History = list[Row]


def promised(draw: random.Random) -> History:
    """A history of orders: promises, what became of them, and what was said meanwhile."""
    rows: History = []

    def add(at: datetime, due: datetime | None = None, is_date: bool = False, **said: object):
        rows.append(Row(len(rows), at, tuple(said.items()), due, is_date))

    def moment() -> datetime:
        return BEGINS + timedelta(days=draw.randrange(DAYS), hours=draw.choice(HOURS))

    for subject in ("o1", "o2")[: draw.choice((1, 1, 2))]:
        opened = BEGINS + timedelta(days=draw.randrange(6), hours=draw.randrange(5, 24))
        given = {
            "promise_id": f"{subject}p",
            "promise_kind": draw.choice(
                ("delivery", "pickup", "task", "refund", "callback", "reply")
            ),
            "needs_notice": draw.random() < 0.5,
            "subject": subject,
        }
        is_date = draw.random() < 0.6
        add(
            opened, opened + timedelta(days=draw.randrange(1, 20)), is_date,
            kind="ordered", direction="inbound", channel="web", promise="made", **given,
        )  # fmt: skip
        for name in draw.sample(
            ("revised", "kept_internally", "kept", "notified", "cancelled_by_customer",
             "cancelled_by_company"), k=draw.choice((0, 1, 1, 2, 3)),
        ):  # fmt: skip
            at = max(opened + timedelta(hours=1), moment())
            due = at + timedelta(days=draw.randrange(1, 12)) if name == "revised" else None
            add(at, due, is_date, kind="noted", direction="internal", promise=name, **given)
        for _ in range(draw.randrange(9)):
            is_inbound = draw.random() < 0.5
            add(
                moment(),
                kind=draw.choice(("contacted", "replied")) if is_inbound or draw.random() < 0.6
                else "notified",
                direction="inbound" if is_inbound else "outbound",
                channel=draw.choice(("email", "phone", "chat", "store", None)),
                delivered=is_inbound or draw.random() < 0.85,
                marketing=not is_inbound and draw.random() < 0.15,
                automated=draw.random() < 0.1,
                outcome=draw.choice(OUTCOMES),
                employee=draw.choice((None, "e1", "e2")),
                subject=subject,
            )  # fmt: skip
    return rows


def signalled() -> list[History]:
    """Histories at signal level that last some weeks, from the generator of the oracle's tests."""
    chosen = []
    for history in histories(6 * HISTORIES, RULES, seed=20260801).values():
        usable = [
            signal
            for signal in history
            # A promise of nobody's is set aside; an update before the promise speaks of the future.
            if not (signal.signal.startswith("promise.") and signal.promise_id is None)
            and signal.signal != "promise.updated"
        ]
        if usable and max(s.occurred_at for s in usable) - START < timedelta(days=DAYS + 15):
            chosen.append(
                [
                    Row(
                        number,
                        signal.occurred_at - START + BEGINS,
                        tuple(
                            (name, getattr(signal, attribute))
                            for name, attribute in CRM_COLUMNS.items()
                        ),
                        signal.due_at - START + BEGINS if signal.due_at else None,
                    )
                    for number, signal in enumerate(usable)
                ]
            )
    return chosen[:HISTORIES]


RULES = catalogue()
CRM_COLUMNS = {
    "channel": "channel",
    "touchpoint": "touchpoint",
    "signal": "signal",
    "issue": "issue_id",
    "phase": "phase",
    "moment_of_truth": "is_moment_of_truth",
    "context_carried": "is_context_carried",
    "measure": "measure",
    "promise_id": "promise_id",
}


def with_one_late(history: History, draw: random.Random) -> History:
    """The history, in every third case with a row that was recorded long after it happened."""
    known = [row.number for row in history if row.at <= MIDST]
    if not known or draw.random() > 0.33:
        return history
    late = draw.choice(known)
    return [replace(row, is_late=row.number == late) for row in history]


def somewhere(history: History, draw: random.Random) -> datetime:
    """An instant in the history's time, at times that of one of its rows."""
    at = draw.choice([row.at for row in history])
    return at + draw.choice(
        (timedelta(0), timedelta(hours=7), timedelta(days=3), timedelta(days=9))
    )


def added(history: History, at: datetime, **said: object) -> History:
    """The history with one more row, after its own in key."""
    return [*history, Row(900, at, tuple(said.items()))]


def tell() -> dict[str, list[dict[str, object]]]:
    """The rows of every source: each history in its variants."""
    draw = random.Random(20260801)
    told: dict[str, list[dict[str, object]]] = defaultdict(list)

    def tell_as(source: str, who: str, history: History) -> None:
        told[source] += [row.cells(who) for row in history]

    for number in range(HISTORIES):
        history = promised(draw)
        who = f"d{number:03}"
        tell_as("desk", f"{who}-base", with_one_late(history, draw))
        tell_as("desk", f"{who}-whole", history)
        tell_as("desk", f"{who}-weeks", [row.moved(WEEKS) for row in history])
        chase = {
            "kind": "contacted",
            "direction": "inbound",
            "channel": draw.choice(("phone", "email")),
            "subject": "o1",
        }
        tell_as("desk", f"{who}-chase", added(history, somewhere(history, draw), **chase))
        # A notice that brings a new date is no plain notice: it moves the promise.
        if not any(value == "revised" for row in history for _, value in row.said):
            notice = {
                "kind": "notified",
                "direction": "outbound",
                "channel": "email",
                "subject": "o1",
            }
            tell_as("desk", f"{who}-notice", added(history, somewhere(history, draw), **notice))
        if number < SPLIT:
            tell_as("desk", f"{who}-split", history)
        if number < HISTORIES // 2:
            for season, by in (("winter", WINTER), ("spring", SPRING), ("autumn", AUTUMN)):
                tell_as("berlin", f"z{number:03}-{season}", [row.moved(by) for row in history])
    for number, history in enumerate(signalled()):
        who = f"s{number:03}"
        tell_as("crm", f"{who}-base", with_one_late(history, draw))
        tell_as("crm", f"{who}-whole", history)
        if number < SPLIT:
            tell_as("crm", f"{who}-split", history)
        tell_as("crm", f"{who}-weeks", [row.moved(WEEKS) for row in history])
        issues = [issue for row in history if (issue := dict(row.said)["issue"])]
        if issues:
            at, issue = somewhere(history, draw), draw.choice(issues)
            chase = {"signal": "contact.chase", "channel": "phone", "touchpoint": "phone.service"}
            notice = {"signal": "interaction.ok", "channel": "email", "touchpoint": "email.service"}
            tell_as("crm", f"{who}-chase", added(history, at, issue=issue, **chase))
            tell_as("crm", f"{who}-notice", added(history, at, issue=issue, **notice))
    return told


def as_csv(rows: list[dict[str, object]]) -> str:
    """The rows as a CSV, with every column that any of them has."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def decisions() -> str:
    """Two and two histories are merged by hand, and weeks later told apart again."""
    return as_csv(
        [
            {
                "decided_at": day,
                "decision": decision,
                "type_a": "customer",
                "value_a": f"{kind}{number:03}-split",
                "type_b": "customer",
                "value_b": f"{kind}{number + 1:03}-split",
                "decided_by": "support_lead",
                "reason": "",
            }
            for day, decision in (
                ("2026-06-01T09:00:00Z", "link"),
                ("2026-06-20T09:00:00Z", "unlink"),
            )
            for kind in "ds"
            for number in range(0, SPLIT, 2)
        ]
    )


TOLD = tell()
MAPPINGS = {
    "desk/mapping.yml": DESK.format(zone="UTC"),
    "berlin/mapping.yml": DESK.format(zone="Europe/Berlin"),
    "crm/mapping.yml": CRM,
    "decisions/decisions.csv": decisions(),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state root whose log holds all histories, one file a source."""
    root = tmp_path_factory.mktemp("laws")
    land(root, MAPPINGS | {f"{source}/all.csv": as_csv(rows) for source, rows in TOLD.items()})
    record_all(root, NOW)
    return root


@pytest.fixture(scope="module")
def warehouse(root: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with build_log(root, {"as_of": AS_OF}, SELECT) as connection:
        yield connection


@pytest.fixture(scope="module")
def midst(root: Path, warehouse, tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same log as of MIDST, known at MIDST, in a warehouse of its own."""
    other = tmp_path_factory.mktemp("midst")
    (other / "log").symlink_to(root / "log")
    times = {"as_of": f"{MIDST}", "known_at": f"{MIDST}"}
    with build_log(other, times, SELECT) as connection:
        yield connection


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same rows on one thread, in other orders and files, some twice, recorded bit by bit."""
    root = tmp_path_factory.mktemp("shuffled")
    draw = random.Random(7)
    land(root, MAPPINGS)
    for number in range(3):
        for source, rows in TOLD.items():
            own = [*rows[number::3], *draw.sample(rows, len(rows) // 10)]
            draw.shuffle(own)
            text = as_csv(own)
            land(root, {f"{source}/{number}.csv": text, f"{source}/{number}-again.csv": text})
        record_all(root, NOW + timedelta(hours=number))
    with build_log(root, {"as_of": AS_OF}, SELECT, threads=1) as connection:
        yield connection


NAMES = "select distinct customer_id, split_part(record_key, '.', 1) as who from int_journey_steps"
Line = tuple[datetime, str, str, str, int]


def ledgers(connection: duckdb.DuckDBPyConnection, until: datetime = NOW) -> dict[str, list[Line]]:
    """Of each customer by their own name: (occurred_at, signal, touchpoint, part, micro-points)."""
    found: dict[str, list[Line]] = defaultdict(list)
    for who, *line in connection.execute(
        f"""
        select who, occurred_at, signal, touchpoint, part, points_micro
        from fct_friction inner join ({NAMES}) as names using (customer_id)
        where occurred_at <= ?
        order by all
        """,
        [until],
    ).fetchall():
        found[who].append(tuple(line))
    return found


def pairs(ledger: dict[str, list[Line]], variant: str) -> list[tuple[list[Line], list[Line]]]:
    """The ledgers of each history as it was and in the variant; silent ones count too."""
    names = {str(row["who"]) for rows in TOLD.values() for row in rows}
    whole = [name.removesuffix("-whole") for name in sorted(names) if name.endswith("-whole")]
    return [
        (ledger.get(f"{name}-whole", []), ledger.get(f"{name}-{variant}", []))
        for name in whole
        if f"{name}-{variant}" in names
    ]


def friction(lines: list[Line], *parts: str) -> int:
    return sum(line[4] for line in lines if line[3] in parts)


def late_customers() -> set[str]:
    """Customers one of whose rows was recorded after MIDST though it happened before."""
    return {str(row["who"]) for rows in TOLD.values() for row in rows if row["seen"] == LATE}


def test_every_row_is_recorded_and_the_histories_are_rich(warehouse):
    ledger = ledgers(warehouse)
    (count,) = warehouse.execute("select count(*) from fct_interactions").fetchall()[0]
    assert count == sum(len(rows) for rows in TOLD.values())
    seen = Counter((line[1], line[3]) for lines in ledger.values() for line in lines)
    assert {part for _, part in seen} == set(PARTS)
    for name in ("promise.breach", "promise.silence", "promise.late_notice", "contact.chase",
                 "agent.no_ownership", "comms.company_centred"):  # fmt: skip
        assert seen[name, "base"] > 5, name


def test_arrival_order_files_repetition_and_threads_change_nothing(warehouse, shuffled):
    for table in TABLES:
        same = f"select * from {table} order by all"
        assert shuffled.execute(same).fetchall() == warehouse.execute(same).fetchall(), table


def test_one_more_chase_never_lowers_base_and_repeat_other_than_silence(warehouse):
    compared = pairs(ledgers(warehouse), "chase")
    assert len(compared) > HISTORIES * 3 // 2
    raised = 0
    for whole, chased in compared:
        before, after = (
            friction([line for line in lines if line[1] != "promise.silence"], "base", "repeat")
            for lines in (whole, chased)
        )
        assert after >= before, difference(whole, chased)
        raised += after > before
    assert raised > len(compared) // 3


def test_one_more_plain_notice_raises_nothing_but_the_switch_of_a_later_contact(warehouse):
    compared = pairs(ledgers(warehouse), "notice")
    assert len(compared) > HISTORIES
    lowered = 0
    for whole, told in compared:
        sums = [
            Counter(
                {key: sum(line[4] for line in lines if line[:4] == key) for key in
                 {line[:4] for line in lines}}
            )
            for lines in (whole, told)
        ]  # fmt: skip
        raised = {key for key, points in sums[1].items() if points > sums[0][key]}
        assert {key[3] for key in raised} <= {"switch", "credit"}, difference(whole, told)
        lowered += friction(told, "base") < friction(whole, "base")
    assert lowered


def test_the_running_total_never_falls_as_time_passes(warehouse, midst):
    late = late_customers()
    then, now = ledgers(midst), ledgers(warehouse)
    assert len(then) > 2 * HISTORIES
    for who in set(then) - late:
        parts = PARTS[:4]
        assert friction(then[who], *parts) <= friction(now[who], *parts), who


def test_the_ledger_of_a_day_stays_unless_something_is_recorded_later(warehouse, midst):
    late = late_customers()
    then, now = ledgers(midst), ledgers(warehouse, until=MIDST)
    different = {who for who in set(then) | set(now) if then.get(who, []) != now.get(who, [])}
    assert len(late) > HISTORIES // 3
    assert different <= late, difference(
        *((then.get(who, []), now.get(who, [])) for who in sorted(different - late)).__next__()
    )
    assert len(different) > 10
    # The row names what was recorded later: its event, with the time of its recording.
    named = warehouse.execute(
        """
        select split_part(events.record_key, '.', 1)
        from fct_friction inner join stg_events as events using (event_id)
        where events.recorded_at > ? and fct_friction.occurred_at <= ?
        """,
        [MIDST, MIDST],
    ).fetchall()
    assert {who for (who,) in named} <= late
    assert len(named) > 10


def test_splitting_who_was_wrongly_merged_restores_both_ledgers(warehouse):
    compared = pairs(ledgers(warehouse), "split")
    assert len(compared) == 2 * SPLIT
    assert sum(bool(whole) for whole, _ in compared) > SPLIT
    for whole, split in compared:
        assert split == whole, difference(whole, split)


def test_whole_weeks_later_is_the_same_ledger_and_the_same_scores(warehouse):
    for whole, later in pairs(ledgers(warehouse), "weeks"):
        assert [(line[0] + WEEKS, *line[1:]) for line in whole] == later
    scores = defaultdict(list)
    # The keys of inferred promises are their customers' own, so at one instant the order of two
    # signals may be another: the last word on the instant is the same.
    for who, *numbers in warehouse.execute(
        f"""
        select
            who,
            max_by(friction, signal_number),
            max_by(peak, signal_number),
            max_by(credit_balance, signal_number),
            max_by(score, signal_number),
            case when count(*) = 1 then max(end_friction) else -1 end
        from fct_scores inner join ({NAMES}) as names using (customer_id)
        group by who, occurred_at
        order by who, occurred_at
        """
    ).fetchall():
        scores[who].append(numbers)
    compared = 0
    for who, rows in scores.items():
        if who.endswith("-whole"):
            later = scores[who.replace("-whole", "-weeks")]
            assert len(rows) == len(later)
            for row, other in zip(rows, later, strict=True):
                assert row == pytest.approx(other, abs=1e-6, rel=0), who
            compared += len(rows)
    assert compared > 2000


def test_a_daylight_saving_day_is_one_day(warehouse):
    days = defaultdict(dict)
    for promise_id, *numbers in warehouse.execute(
        """
        select promise_id, state, overdue_days, silent_days, informed_days, knowing_days
        from fct_promises
        where source = 'berlin' and confidence = 'field' and state != 'broken_open'
        """
    ).fetchall():
        history, season = promise_id.removeprefix("berlin/").split("-", 1)
        season, promise = season.split(".", 1)
        days[history, promise][season] = numbers
    assert len(days) > HISTORIES // 3
    assert sum(seasons["winter"][1] > 0 for seasons in days.values()) > 10
    for seasons in days.values():
        assert seasons["winter"] == seasons["spring"] == seasons["autumn"]


def difference(before: list[Line], after: list[Line]) -> str:
    """What is in one ledger and not in the other, for a failed test."""
    gone, new = Counter(before) - Counter(after), Counter(after) - Counter(before)
    return f"gone: {sorted(gone.elements())}\nnew: {sorted(new.elements())}"
