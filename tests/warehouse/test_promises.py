"""The promise engine tells the golden stories, and agrees with the same rules in plain Python."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.warehouse.promise_oracle import Term, promises_of
from tests.warehouse.promise_world import (
    Hours,
    PromiseEvent,
    Step,
    World,
    build_promises,
    rows_of,
)

AS_OF = datetime(2026, 4, 20, 12)
HOURS = Hours(
    time_zone="Europe/Berlin",
    weekdays={**dict.fromkeys((1, 2, 3, 4), (540, 1020)), 5: (540, 750), 6: (600, 780)},
    holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6)}),
)
STANDARDS = {"email": 480, "chat": 15, "phone": 240}
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland")
CUSTOMERS = 2500
COMPARED = (
    "customer_id",
    "issue_id",
    "promise_kind",
    "confidence",
    "owner",
    "needs_notice",
    "time_zone",
    "made_at",
    "due_at",
    "previous_promise_id",
    "parent_promise_id",
    "revised_at",
    "kept_internally_at",
    "told_at",
    "kept_for_customer_at",
    "cancelled_at",
    "state",
    "is_broken",
    "broken_at",
    "overdue_days",
    "silent_days",
    "informed_days",
    "knowing_days",
    "chase_count",
    "check_in_count",
    "excuse_count",
    "is_orphan",
)


def end_of(day: date, zone: str = "UTC") -> datetime:
    """The last microsecond of a local day, UTC."""
    after = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(days=1)
    return after.astimezone(UTC).replace(tzinfo=None) - timedelta(microseconds=1)


def car(customer: str, what: str, when: datetime, due: date | None = None) -> PromiseEvent:
    """Something about the car that was promised to `customer`."""
    return PromiseEvent(
        promise_key=customer,
        event=what,
        occurred_at=when,
        customer_id=customer,
        issue_id=f"order:{customer}",
        due_at=end_of(due) if due else None,
        is_date=due is not None,
        needs_notice=True,
        owner="sales",
        confidence="explicit",
    )


def mail(customer: str, number: int, when: datetime, **options: object) -> Step:
    """A mail of the company to `customer` about the car."""
    given = {"direction": "outbound", "kind": "replied", **options}
    return Step(f"{customer} mail {number}", customer, f"order:{customer}", when, **given)  # type: ignore[arg-type]


def golden_stories() -> tuple[list[Step], list[PromiseEvent]]:
    """The car, the car told in time, the car whose notice bounced; and ways to be silent."""
    made, promised = datetime(2026, 2, 20, 10), date(2026, 3, 10)
    steps = [
        Step(
            "the chase",
            "car",
            "order:car",
            datetime(2026, 3, 12, 9),
            "inbound",
            channel="phone",
            outcome="callback_promised",
            talk_seconds=240,
            employee_id="who did not know",
        ),
        mail("car", 1, datetime(2026, 3, 30, 17)),
        mail("told", 1, datetime(2026, 3, 9, 10), kind="notified", is_human_contact=False),
        mail("told", 2, datetime(2026, 3, 18, 10), kind="notified", is_human_contact=False),
        mail("bounced", 1, datetime(2026, 3, 9, 10), is_delivered=False),
        mail("bounced", 2, datetime(2026, 3, 18, 10)),
        # What is no word about the car: a campaign, an automatic answer, a mail that bounced.
        mail("silent", 1, datetime(2026, 3, 12, 10), is_marketing=True),
        mail("silent", 2, datetime(2026, 3, 13, 10), is_automated=True),
        mail("silent", 3, datetime(2026, 3, 14, 10), is_delivered=False),
    ]
    events = [car(who, "made", made, promised) for who in ("car", "told", "bounced", "silent")]
    events += [
        car("car", "kept_internally", datetime(2026, 3, 10, 15)),
        car("car", "kept", datetime(2026, 3, 31, 9)),
        *(
            event
            for who in ("told", "bounced")
            for event in (
                car(who, "revised", datetime(2026, 3, 9, 10), date(2026, 3, 20)),
                car(who, "kept_internally", datetime(2026, 3, 18, 10)),
            )
        ),
        car("silent", "kept", datetime(2026, 3, 15, 9)),
        PromiseEvent(
            "outage",
            "made",
            datetime(2026, 4, 1),
            "outage",
            "order:9",
            due_at=datetime(2026, 4, 12),
            promise_kind="pickup",
        ),
    ]
    return steps, events


def random_world() -> World:
    """Golden stories and thousands of random histories, as customers of one world."""
    steps, events = golden_stories()
    for number in range(CUSTOMERS):
        draw = random.Random(number)
        customer = f"c{number:05d}"
        for issue in range(draw.choice((1, 1, 2))):
            # An order number is one order; "the car" is each customer's own.
            topic = f"order:{number}-{issue}" if draw.random() < 0.7 else f"issue:{issue}"
            steps += random_steps(draw, customer, topic)
            events += random_promises(draw, customer, topic)
    return World(
        as_of=AS_OF,
        hours=HOURS,
        steps=steps,
        events=events,
        feeds={("shop", "pickup"): "shop", ("shop", "task"): "a feed that nobody has"},
        covered_until={"shop": datetime(2026, 4, 10, 12), "talk": AS_OF},
        standards=STANDARDS,
    )


def instant(draw: random.Random) -> datetime:
    """Coarse, so that things often happen at the same instant; the clocks change on 29 March."""
    moment = datetime(2026, 3, 20) + timedelta(hours=6 * draw.randrange(110))
    if draw.random() < 0.2:
        moment += draw.choice((-1, 1)) * timedelta(microseconds=1)
    if draw.random() < 0.3:
        moment += timedelta(minutes=draw.choice((7, 59, 60, 61, 240)))
    return min(moment, AS_OF)


def random_steps(draw: random.Random, customer: str, topic: str) -> Iterator[Step]:
    for number in range(draw.randrange(9)):
        is_inbound = draw.random() < 0.55
        channel = draw.choice(("email", "email", "phone", "chat", "store", None))
        outcome = draw.choice((None, None, "callback_promised", "excuse", "date_given", "resolved"))
        if channel == "phone" and draw.random() < 0.3:
            outcome = "voicemail"
        yield Step(
            interaction_id=f"{customer} {topic} {number}",
            # Sometimes somebody else of the household speaks or is spoken to.
            customer_id=customer if draw.random() < 0.9 else f"{customer} spouse",
            issue_id=topic if draw.random() < 0.95 else None,
            occurred_at=instant(draw),
            direction="inbound"
            if is_inbound
            else draw.choice(("outbound", "outbound", "internal")),
            channel=channel,
            kind=draw.choice(("contacted", "replied", "notified", "served")),
            conversation_key=draw.choice((None, f"{customer} a", f"{customer} b")),
            is_delivered=draw.random() < 0.85,
            is_marketing=not is_inbound and draw.random() < 0.1,
            is_automated=draw.random() < 0.1,
            is_human_contact=draw.random() < 0.85,
            outcome=outcome,
            reason=draw.choice((None, None, "late", "advice")),
            talk_seconds=draw.choice((None, None, 0, 90)),
            employee_id=draw.choice((None, "e1", "e2", "e3", "e4")),
            signal="interaction.ok" if draw.random() < 0.05 else None,
        )


def random_promises(draw: random.Random, customer: str, topic: str) -> Iterator[PromiseEvent]:
    for number in range(draw.choice((0, 1, 1, 2))):
        zone, is_date = draw.choice(ZONES), draw.random() < 0.5
        kind = draw.choice(("delivery", "pickup", "callback", "reply", "task", "refund"))
        given = {
            "promise_key": f"{customer} {topic} p{number}",
            "customer_id": customer,
            "issue_id": topic if number or draw.random() < 0.9 else None,
            "promise_kind": kind,
            "needs_notice": draw.random() < 0.5,
            "owner": draw.choice((None, "e1", "e2", "sales")),
            "confidence": draw.choice(("explicit", "field", "sla")),
            "time_zone": zone,
            "is_date": is_date,
            "calendar_id": draw.choice((None, None, "default")),
            "grace_micros": draw.choice((0, 0, 0, 1_800_000_000)),
        }
        names = ["made"] if draw.random() < 0.97 else []
        names += draw.choices(
            (
                "revised",
                "revised",
                "kept_internally",
                "kept",
                "notified",
                "cancelled_by_customer",
                "cancelled_by_company",
            ),
            k=draw.randrange(5),
        )
        made = instant(draw)
        for name in names:
            moment = made if name == "made" else max(made, instant(draw))
            due = None
            if name in ("made", "revised"):
                due = moment + timedelta(hours=6 * draw.randrange(-1, 60))
                due = end_of(due.date(), zone) if is_date else due
            yield PromiseEvent(event=name, occurred_at=moment, due_at=due, **given)


@pytest.fixture(scope="module")
def world() -> World:
    return random_world()


@pytest.fixture(scope="module")
def connection(world: World, tmp_path_factory: pytest.TempPathFactory):
    with build_promises(tmp_path_factory.mktemp("promises"), world) as connection:
        yield connection


@pytest.fixture(scope="module")
def promises(connection) -> dict[str, dict]:
    return {row["promise_id"]: row for row in rows_of(connection, "select * from fct_promises")}


@pytest.fixture(scope="module", params=(datetime(2026, 3, 31, 9), datetime(2026, 4, 9, 6)))
def earlier(request, world: World, tmp_path_factory: pytest.TempPathFactory):
    """The same world as it was on an earlier day."""
    then = replace(
        world,
        as_of=request.param,
        steps=[step for step in world.steps if step.occurred_at <= request.param],
        events=[event for event in world.events if event.occurred_at <= request.param],
    )
    with build_promises(tmp_path_factory.mktemp("earlier"), then) as connection:
        yield request.param, connection


def charged(connection, until: datetime) -> set[tuple]:
    """What the scoring makes of the engine's signals up to an instant: breaches, late notices,
    promises kept in time, and what customers had to do or hear."""
    rows = rows_of(
        connection,
        "select promise_id, signal, occurred_at, due_at, interaction_id "
        "from int_engine_promise_signals",
    )
    times: dict[tuple, datetime] = {}
    for row in rows:
        if row["promise_id"] is not None and row["occurred_at"] <= until:
            key = (row["promise_id"], row["signal"])
            times[key] = min(times.get(key, row["occurred_at"]), row["occurred_at"])
    found: set[tuple] = {
        (row["interaction_id"], row["signal"], row["occurred_at"])
        for row in rows
        if row["promise_id"] is None and row["occurred_at"] <= until
    }
    for row in rows:
        promise_id, due = row["promise_id"], row["due_at"]
        if row["signal"] != "promise.made" or row["occurred_at"] > until or due is None:
            continue
        kept, updated = (times.get((promise_id, f"promise.{what}")) for what in ("kept", "updated"))
        if kept is not None and kept <= due:
            found.add((promise_id, "kept in time", kept))
        if updated is not None and updated <= due:
            found.add((promise_id, "late notice", updated))
        if due <= until and not any(at is not None and at <= due for at in (kept, updated)):
            found.add((promise_id, "breach", due))
    return found


def test_what_a_day_was_charged_with_is_the_same_ever_after(connection, earlier):
    day, then = earlier
    was, became = charged(then, day), charged(connection, day)
    assert len(was) > 1000
    assert was == became, (sorted(was - became, key=str)[:5], sorted(became - was, key=str)[:5])


def signals_of(connection, customer: str) -> list[tuple]:
    """(signal, time, due) of one customer, in order."""
    rows = rows_of(
        connection,
        "select signal, occurred_at, due_at from int_engine_promise_signals "
        f"where customer_id = '{customer}' order by occurred_at, record_key, signal_position",
    )
    return [(row["signal"], row["occurred_at"], row["due_at"]) for row in rows]


def test_car(promises: dict[str, dict]):
    promise = promises["car"]
    assert promise["state"] == "kept_late"
    assert promise["broken_at"] == end_of(date(2026, 3, 10))
    assert promise["kept_for_customer_at"] == datetime(2026, 3, 30, 17)
    assert (promise["overdue_days"], promise["silent_days"], promise["informed_days"]) == (
        20,
        19,
        1,
    )
    assert promise["knowing_days"] == 20
    assert (promise["chase_count"], promise["excuse_count"]) == (1, 1)
    assert not promise["is_orphan"]


def test_the_cars_callback_is_a_broken_child_of_its_own(promises: dict[str, dict]):
    child = promises["callback/the chase"]
    assert child["parent_promise_id"] == "car"
    assert child["due_at"] == end_of(date(2026, 3, 13), "Europe/Berlin")
    assert (child["is_broken"], child["state"]) == (True, "kept_late")
    assert child["kept_for_customer_at"] == datetime(2026, 3, 30, 17)


def test_car_signals(connection):
    assert signals_of(connection, "car") == [
        ("promise.made", datetime(2026, 2, 20, 10), end_of(date(2026, 3, 10))),
        (
            "promise.made",
            datetime(2026, 3, 12, 9),
            end_of(date(2026, 3, 13), "Europe/Berlin"),
        ),
        ("contact.chase", datetime(2026, 3, 12, 9), None),
        ("agent.no_ownership", datetime(2026, 3, 12, 9), None),
        ("promise.kept", datetime(2026, 3, 30, 17), None),
        ("promise.kept", datetime(2026, 3, 30, 17), None),
    ]


def test_car_told_in_time(connection, promises: dict[str, dict]):
    first, second = promises["told"], promises["told:r1"]
    assert (first["state"], first["is_broken"], first["overdue_days"]) == ("superseded", False, 0)
    assert second["previous_promise_id"] == "told"
    assert (second["state"], second["is_broken"], second["overdue_days"]) == (
        "kept_early",
        False,
        0,
    )
    # One update in time of the first promise: one late notice.
    assert signals_of(connection, "told") == [
        ("promise.made", datetime(2026, 2, 20, 10), end_of(date(2026, 3, 10))),
        ("promise.made", datetime(2026, 3, 9, 10), end_of(date(2026, 3, 20))),
        ("promise.updated", datetime(2026, 3, 9, 10), None),
        ("promise.kept", datetime(2026, 3, 18, 10), None),
    ]


def test_car_bounced(promises: dict[str, dict]):
    promise = promises["bounced"]
    assert "bounced:r1" not in promises
    assert promise["state"] == "kept_late"
    assert (promise["overdue_days"], promise["silent_days"], promise["informed_days"]) == (8, 7, 1)


def test_a_campaign_an_automatic_answer_and_a_bounce_are_silence(promises: dict[str, dict]):
    promise = promises["silent"]
    assert (promise["overdue_days"], promise["silent_days"]) == (5, 5)


def test_a_feed_outage_accuses_nobody_and_is_reported(connection, promises: dict[str, dict]):
    promise = promises["outage"]
    assert (promise["state"], promise["is_broken"], promise["overdue_days"]) == (
        "unknown",
        False,
        0,
    )
    assert signals_of(connection, "outage") == [("promise.made", datetime(2026, 4, 1), None)]
    assert rows_of(
        connection,
        "select problem from int_promise_problems where customer_id = 'outage'",
    ) == [{"problem": "fulfilment_feed_stale"}]


def test_promises_equal_the_oracle(world: World, promises: dict[str, dict]):
    expected = promises_of(world)
    assert promises.keys() == expected.keys()
    wrong = {
        (promise_id, column): (row[column], getattr(expected[promise_id], column))
        for promise_id, row in promises.items()
        for column in COMPARED
        if row[column] != getattr(expected[promise_id], column)
    }
    assert not wrong, f"{len(wrong)} differ, such as {dict(list(wrong.items())[:5])}"


def test_the_random_histories_reach_every_state_and_count(world: World):
    expected = promises_of(world).values()
    assert {term.state for term in expected} == {
        "open",
        "due_soon",
        "kept_early",
        "kept_on_time",
        "kept_late",
        "broken_open",
        "cancelled_by_customer",
        "cancelled_by_company",
        "superseded",
        "unknown",
    }
    assert {term.origin for term in expected} == {"source", "standard", "callback"}
    for count in ("silent_days", "informed_days", "knowing_days", "chase_count", "check_in_count"):
        assert sum(getattr(term, count) > 0 for term in expected) > 100, count
    assert sum(term.excuse_count > 0 for term in expected) > 100
    assert sum(term.parent_promise_id is not None for term in expected) > 100
    assert sum(term.promise_id.endswith(":r2") for term in expected) > 2
    assert sum(term.is_taken_over and term.state == "superseded" for term in expected) > 2
    assert sum(term.is_taken_over and term.is_broken for term in expected) > 20


def test_signals_carry_what_the_oracle_holds_against_the_company(connection, world: World):
    made = {
        row["promise_id"]: row["due_at"]
        for row in rows_of(
            connection,
            "select promise_id, due_at from int_engine_promise_signals"
            " where signal = 'promise.made'",
        )
    }
    assert made == {key: scored_due(term) for key, term in promises_of(world).items()}


def scored_due(term: Term) -> datetime | None:
    """The due of promise.made: that which the scoring may find broken."""
    if term.state == "unknown" or (term.state == "superseded" and term.is_taken_over):
        return None
    if term.state == "superseded":
        return term.late_after
    if term.cancelled_by == "customer" and (term.cancelled_at or AS_OF) <= term.late_after:
        return None
    if term.cancelled_by == "company":
        return min(term.late_after, term.cancelled_at or AS_OF)
    return term.late_after


def test_days_of_a_promise_are_the_rows_of_its_spine(connection):
    assert not rows_of(
        connection,
        """
        select promise_id from (
            select
                promise_id,
                count(*) as days,
                count(*) filter (where is_silent) as silent
            from int_promise_days group by promise_id
        ) as spine
        full join (select * from fct_promises where overdue_days > 0) as promises
            using (promise_id)
        where
            days is distinct from overdue_days
            or silent is distinct from silent_days
        """,
    )
