"""The promise engine in plain Python, from the words of its rules. Shares no code with the SQL.

It works customer by customer and minute by minute where the SQL works in sets, and walks the
calendar where the SQL looks it up.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.warehouse.promise_world import Hours, PromiseEvent, Step, World

MICRO = timedelta(microseconds=1)
FAR = datetime(9999, 1, 1)
WRITTEN_KEEPERS = ("callback", "reply")
NO_QUESTIONS = ("ordered", "booked", "served", "collected")
EXCUSES = ("callback_promised", "excuse")
ANSWERS = ("date_given", "resolved")


@dataclass
class Term:
    """One due in force, and what became of it; the columns of `fct_promises`."""

    promise_id: str
    customer_id: str
    issue_id: str | None
    promise_kind: str
    confidence: str
    owner: str | None
    needs_notice: bool
    time_zone: str
    made_at: datetime
    due_at: datetime
    origin: str
    source: str
    previous_promise_id: str | None = None
    parent_promise_id: str | None = None
    revised_at: datetime | None = None
    kept_internally_at: datetime | None = None
    told_at: datetime | None = None
    kept_for_customer_at: datetime | None = None
    cancelled_at: datetime | None = None
    state: str = ""
    broken_at: datetime | None = None
    overdue_days: int = 0
    silent_days: int = 0
    informed_days: int = 0
    knowing_days: int = 0
    chase_count: int = 0
    check_in_count: int = 0
    excuse_count: int = 0
    is_orphan: bool = False
    late_after: datetime = FAR
    cancelled_by: str | None = None
    closed_at: datetime | None = None
    calendar: str | None = None
    is_taken_over: bool = False
    excuses: set[str] = field(default_factory=set)

    @property
    def is_broken(self) -> bool:
        return self.broken_at is not None

    @property
    def is_superseded(self) -> bool:
        return (
            self.revised_at is not None
            and self.revised_at <= self.late_after
            and self.revised_at < (self.closed_at or FAR)
        )

    @property
    def ended_at(self) -> datetime:
        return (self.revised_at if self.is_superseded else self.closed_at) or FAR  # type: ignore[return-value]


def local_date(moment: datetime, zone: str) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


def utc(day: date, minute: int, zone: str) -> datetime:
    """The instant at which the wall clock of `zone` shows `minute` minutes of `day`."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def opening(hours: Hours, day: date) -> tuple[datetime, datetime] | None:
    span = hours.weekdays.get(day.isoweekday())
    if span is None or day in hours.holidays:
        return None
    return utc(day, span[0], hours.time_zone), utc(day, span[1], hours.time_zone)


def after_business_time(hours: Hours, start: datetime, wanted: timedelta) -> datetime:
    """The instant at which `wanted` of business time has passed since `start`."""
    day = local_date(start, hours.time_zone)
    while True:
        span = opening(hours, day)
        if span is not None:
            opens = max(span[0], start)
            open_for = max(span[1] - opens, timedelta())
            if open_for >= wanted and open_for > timedelta():
                return opens + wanted
            wanted -= open_for
        day += timedelta(days=1)


def end_of_next_business_day(hours: Hours, moment: datetime) -> datetime:
    day = local_date(moment, hours.time_zone) + timedelta(days=1)
    while opening(hours, day) is None:
        day += timedelta(days=1)
    return utc(day + timedelta(days=1), 0, hours.time_zone) - MICRO


def is_company_contact(step: Step) -> bool:
    return (
        step.direction == "outbound"
        and step.is_delivered
        and not step.is_marketing
        and not step.is_automated
        and (step.is_human_contact or step.kind == "notified")
    )


def is_customer_contact(step: Step) -> bool:
    return (
        step.direction == "inbound"
        and step.is_human_contact
        and not step.is_automated
        and step.kind not in NO_QUESTIONS
    )


def is_human_reply(step: Step) -> bool:
    return is_company_contact(step) and step.is_human_contact


def is_message(step: Step, standards: dict[str, int]) -> bool:
    return (
        is_customer_contact(step)
        and step.channel in standards
        and not step.talk_seconds
        and (step.channel != "chat" or step.employee_id is None)
        and (step.channel != "phone" or step.outcome == "voicemail")
    )


def promises_of(world: World) -> dict[str, Term]:
    """Every promise of the engine by its id, as of `world.as_of`."""
    topics: dict[tuple, Topic] = {}
    for step in world.steps:
        if step.issue_id is not None and step.signal is None and step.occurred_at <= world.as_of:
            about = what_it_is_about(step.customer_id, step.issue_id)
            topics.setdefault(about, Topic(world)).steps.append(step)
    for event in world.events:
        if event.occurred_at <= world.as_of:
            about = (
                (event.promise_key,)
                if event.issue_id is None
                else what_it_is_about(event.customer_id, event.issue_id)
            )
            topics.setdefault(about, Topic(world)).events.append(event)
    return {term.promise_id: term for topic in topics.values() for term in topic.terms()}


def what_it_is_about(customer_id: str, issue_id: str) -> tuple:
    """An order is the same whoever speaks of it; any other issue is its customer's."""
    if issue_id.split(":")[0] in ("order", "ticket", "appointment", "visit"):
        return (issue_id,)
    return customer_id, issue_id


@dataclass
class Topic:
    """All that happened between customers and the company on one subject."""

    world: World
    steps: list[Step] = field(default_factory=list)
    events: list[PromiseEvent] = field(default_factory=list)

    def terms(self) -> list[Term]:
        self.steps.sort(key=lambda s: (s.occurred_at, s.interaction_id))
        groups: dict[str, list[PromiseEvent]] = defaultdict(list)
        for event in self.events:
            groups[event.promise_key].append(event)
        origins = dict.fromkeys(groups, "source")
        for customer in sorted({step.customer_id for step in self.steps}):
            for key, group in self.reply_promises(customer).items():
                groups[key], origins[key] = group, "standard"
            for key, group in self.callback_promises(customer).items():
                groups[key], origins[key] = group, "callback"
        notices = [step.occurred_at for step in self.steps if is_company_contact(step)]
        notices += [
            event.occurred_at
            for group in groups.values()
            for event in group
            if event.event == "notified"
            or (event.event == "kept" and event.promise_kind in WRITTEN_KEEPERS)
        ]
        notices.sort()
        found = [
            term
            for key, group in groups.items()
            for term in self.terms_of(key, group, origins[key], notices)
        ]
        for term in found:
            self.judge(term, notices)
        for term in found:
            self.ask(term, found)
            self.own(term)
            self.adopt(term, found)
        return found

    def reply_promises(self, customer: str) -> dict[str, list[PromiseEvent]]:
        # The source's own clock takes the standard's place from when it started.
        own_clock = earliest(
            *(
                e.occurred_at
                for e in self.events
                if e.promise_kind == "reply"
                and e.issue_id is not None
                and e.customer_id == customer
            )
        )
        made: dict[str, list[PromiseEvent]] = {}
        waiting: str | None = None
        # A reply at the very instant of a message answers it.
        for step in sorted(
            (step for step in self.steps if step.customer_id == customer),
            key=lambda s: (s.occurred_at, is_human_reply(s), s.interaction_id),
        ):
            if is_human_reply(step):
                if waiting in made:
                    made[waiting].append(self.spoken(step, waiting, "kept", "reply", None))
                waiting = None
            elif is_message(step, self.world.standards) and waiting is None:
                waiting = f"reply/{step.interaction_id}"
                if own_clock is not None and own_clock <= step.occurred_at + timedelta(minutes=1):
                    continue
                due = after_business_time(
                    self.world.hours,
                    step.occurred_at,
                    timedelta(minutes=self.world.standards[step.channel or ""]),
                )
                made[waiting] = [self.spoken(step, waiting, "made", "reply", due)]
                if own_clock is not None:
                    over = self.spoken(step, waiting, "taken_over", "reply", None)
                    made[waiting].append(PromiseEvent(**{**vars(over), "occurred_at": own_clock}))
        return made

    def callback_promises(self, customer: str) -> dict[str, list[PromiseEvent]]:
        own_events = [
            e for e in self.events if e.customer_id == customer and e.issue_id is not None
        ]
        own_steps = [s for s in self.steps if s.customer_id == customer]
        endings = sorted(
            [s.occurred_at for s in own_steps if is_human_reply(s)]
            + [e.occurred_at for e in own_events if e.event == "kept"]
        )
        made: dict[str, list[PromiseEvent]] = {}
        said: set[tuple] = set()
        for step in own_steps:
            if step.outcome != "callback_promised":
                continue
            if not (is_company_contact(step) or is_customer_contact(step)):
                continue
            contact = self.contact_of(step)
            if contact in said:
                continue
            said.add(contact)
            if any(
                e.promise_kind == "callback"
                and e.event == "made"
                and step.occurred_at <= e.occurred_at <= step.occurred_at + timedelta(hours=1)
                for e in own_events
            ):
                continue
            key = f"callback/{step.interaction_id}"
            due = end_of_next_business_day(self.world.hours, step.occurred_at)
            made[key] = [self.spoken(step, key, "made", "callback", due, step.employee_id)]
            later = [moment for moment in endings if moment > step.occurred_at]
            if later:
                kept = self.spoken(step, key, "kept", "callback", None, step.employee_id)
                made[key].append(PromiseEvent(**{**vars(kept), "occurred_at": later[0]}))
        return made

    def spoken(
        self,
        step: Step,
        key: str,
        event: str,
        kind: str,
        due: datetime | None,
        owner: str | None = None,
    ) -> PromiseEvent:
        return PromiseEvent(
            promise_key=key,
            event=event,
            occurred_at=step.occurred_at,
            customer_id=step.customer_id,
            issue_id=step.issue_id,
            due_at=due,
            promise_kind=kind,
            owner=owner,
            confidence="sla" if kind == "reply" else "inferred",
            time_zone=self.world.hours.time_zone,
            source="talk",
            calendar_id="default",
        )

    def contact_of(self, step: Step) -> tuple:
        """What a leg belongs to: its conversation, anew after an hour without a leg of its side."""
        conversation = step.conversation_key or step.interaction_id
        side = is_customer_contact(step)
        number, previous = 0, None
        for other in self.steps:
            if (other.conversation_key or other.interaction_id) != conversation:
                continue
            if other.customer_id != step.customer_id:
                continue
            if not (is_company_contact(other) or is_customer_contact(other)):
                continue
            if is_customer_contact(other) != side:
                continue
            if previous is None or other.occurred_at - previous >= timedelta(hours=1):
                number += 1
            previous = other.occurred_at
            if other is step:
                break
        return step.customer_id, conversation, side, number

    def is_prompted(self, step: Step) -> bool:
        """Whether the last contact of the conversation before it was the company's."""
        conversation = step.conversation_key or step.interaction_id
        before = [
            other
            for other in self.steps
            if (other.conversation_key or other.interaction_id) == conversation
            and other.customer_id == step.customer_id
            and (is_company_contact(other) or is_customer_contact(other))
            and (other.occurred_at, is_customer_contact(other), other.interaction_id)
            < (step.occurred_at, True, step.interaction_id)
        ]
        before.sort(key=lambda s: (s.occurred_at, is_customer_contact(s), s.interaction_id))
        return bool(before) and is_human_reply(before[-1])

    def terms_of(
        self, key: str, group: list[PromiseEvent], origin: str, notices: list[datetime]
    ) -> list[Term]:
        def heard_since(moment: datetime) -> datetime | None:
            return next((notice for notice in notices if notice >= moment), None)

        group = sorted(group, key=lambda e: e.occurred_at)  # stable: ties as in the world
        dated = [e for e in group if e.event in ("made", "revised") and e.due_at is not None]
        if not dated:
            return []
        first = dated[0]

        def first_of(name: str) -> datetime | None:
            return next((e.occurred_at for e in group if e.event == name), None)

        done, seen = first_of("kept_internally"), first_of("kept")
        told = heard_since(done) if done is not None and first.needs_notice else None
        kept = earliest(seen, told if first.needs_notice else done)
        by_customer, by_company = (
            first_of("cancelled_by_customer"),
            first_of("cancelled_by_company"),
        )
        cancelled = earliest(by_customer, by_company)
        closed = earliest(kept, cancelled)
        if kept is not None and cancelled is not None:
            if kept <= cancelled:
                cancelled = None
            else:
                kept = None
        cancelled_by = None
        if cancelled is not None:
            cancelled_by = "customer" if by_customer == cancelled else "company"

        taken_over = first_of("taken_over")
        if taken_over is not None and taken_over >= (closed or FAR):
            taken_over = None

        # The dates that reached the customer, each with when it did.
        reached: dict[datetime, PromiseEvent] = {}
        for event in dated[1:]:
            at = event.occurred_at if first_sla(event) else heard_since(event.occurred_at)
            if at is not None and at < min(closed or FAR, taken_over or FAR):
                reached[at] = event
        grace = timedelta(minutes=self.world.grace_minutes)
        found = [self.term(key, first, origin, first.occurred_at, first.due_at)]
        found[0].late_after = found[0].due_at + grace + own_grace(first)
        said_due = first.due_at
        for at in sorted(reached):
            event = reached[at]
            if event.due_at == said_due:
                continue
            said_due = event.due_at
            assert event.due_at is not None
            current = found[-1]
            if first_sla(event):
                due = max(event.due_at, at)
                if at <= current.late_after:
                    current.due_at = due
                    current.late_after = due + grace + own_grace(event)
                    continue
            else:
                due = event.due_at
            current.revised_at = at
            term = self.term(f"{key}:r{len(found)}", first, origin, at, due)
            term.previous_promise_id = current.promise_id
            term.late_after = due + grace + own_grace(event)
            found.append(term)
        if taken_over is not None:
            found[-1].revised_at, found[-1].is_taken_over = taken_over, True
        for term in found:
            term.kept_internally_at = done
            term.told_at = earliest(seen, told)
            term.kept_for_customer_at = kept
            term.cancelled_at = cancelled
            term.cancelled_by = cancelled_by
            term.closed_at = closed
        return found

    def term(
        self,
        promise_id: str,
        first: PromiseEvent,
        origin: str,
        made: datetime,
        due: datetime | None,
    ) -> Term:
        assert due is not None
        return Term(
            promise_id=promise_id,
            customer_id=first.customer_id,
            issue_id=first.issue_id,
            promise_kind=first.promise_kind,
            confidence=first.confidence,
            owner=first.owner,
            needs_notice=first.needs_notice,
            time_zone=first.time_zone,
            made_at=made,
            due_at=due,
            origin=origin,
            source=first.source,
            calendar=first.calendar_id,
        )

    def judge(self, term: Term, notices: list[datetime]) -> None:
        """State, break and days."""
        now, zone, late = self.world.as_of, term.time_zone, term.late_after
        kept, cancelled = term.kept_for_customer_at, term.cancelled_at
        feed = self.world.feeds.get((term.source, term.promise_kind))
        covered = self.world.covered_until.get(feed or "")
        if late < term.made_at:
            term.state = "unknown"
        elif term.is_superseded:
            term.state = "superseded"
        elif (
            feed is not None
            and (covered is None or covered < late)
            and late <= now
            and (term.closed_at or FAR) > late
        ):
            term.state = "unknown"
        elif kept is not None and kept > late:
            term.state, term.broken_at = "kept_late", late
        elif kept is not None:
            early = local_date(kept, zone) < local_date(late, zone)
            term.state = "kept_early" if early else "kept_on_time"
        elif cancelled is not None:
            term.state = f"cancelled_by_{term.cancelled_by}"
            if term.cancelled_by == "company":
                term.broken_at = min(late, cancelled)
            elif cancelled > late:
                term.broken_at = late
        elif late > now + timedelta(hours=72):
            term.state = "open"
        elif late > now:
            term.state = "due_soon"
        else:
            term.state, term.broken_at = "broken_open", late

        if term.broken_at == late:
            day = local_date(late, zone)
            while True:
                day += timedelta(days=1)
                if term.closed_at is not None:
                    if day > local_date(term.closed_at, zone):
                        break
                elif day >= local_date(now, zone):
                    break
                if term.calendar is not None and opening(self.world.hours, day) is None:
                    continue
                term.overdue_days += 1
                heard = any(
                    late < notice <= (term.closed_at or now) and local_date(notice, zone) == day
                    for notice in notices
                )
                term.informed_days += heard
                term.silent_days += not heard
        if term.needs_notice and term.kept_internally_at is not None:
            until = term.told_at or term.closed_at
            last = local_date(until, zone) if until else local_date(now, zone) - timedelta(days=1)
            term.knowing_days = max((last - local_date(term.kept_internally_at, zone)).days, 0)

    def ask(self, term: Term, found: list[Term]) -> None:
        """Chases, check-ins and excuses."""
        if term.late_after < term.made_at:
            return
        asked = [
            step
            for step in self.steps
            if is_customer_contact(step)
            and term.made_at < step.occurred_at < term.ended_at
            and (
                # What became of an unknown promise nobody knows, but until its due it was open.
                term.state != "unknown"
                if step.occurred_at > term.late_after
                else not self.is_prompted(step) and step.reason != "advice"
            )
        ]
        firsts = [
            step
            for step in asked
            if not any(
                other is not step
                and is_customer_contact(other)
                and self.contact_of(other) == self.contact_of(step)
                and (other.occurred_at, other.interaction_id)
                < (step.occurred_at, step.interaction_id)
                for other in self.steps
            )
        ]
        for step in firsts:
            if step.occurred_at <= term.late_after:
                term.check_in_count += 1
                continue
            term.chase_count += 1
            legs = [
                leg
                for leg in asked
                if self.contact_of(leg) == self.contact_of(step)
                and leg.occurred_at > term.late_after
            ]
            excuse = next((leg for leg in legs if leg.outcome in EXCUSES), None)
            if excuse is not None:
                term.excuses.add(excuse.interaction_id)
            elif step.channel not in ("phone", "store") and not step.talk_seconds:
                self.judge_written_answer(term, step, found)
        term.excuse_count = len(term.excuses)

    def judge_written_answer(self, term: Term, chase: Step, found: list[Term]) -> None:
        reply = next(
            (s for s in self.steps if is_human_reply(s) and s.occurred_at > chase.occurred_at), None
        )
        if reply is None or reply.outcome in ANSWERS:
            return
        if reply.occurred_at >= (term.closed_at or FAR):
            return
        if any(
            other.origin == "source"
            and other.promise_kind != "callback"
            and other.late_after >= other.made_at
            and chase.occurred_at < other.made_at <= reply.occurred_at
            for other in found
        ):
            return
        term.excuses.add(reply.interaction_id)

    def own(self, term: Term) -> None:
        until = min(term.ended_at, self.world.as_of)
        handlers = {
            step.employee_id
            for step in self.steps
            if step.employee_id is not None
            and (is_company_contact(step) or is_customer_contact(step))
            and term.made_at <= step.occurred_at <= until
        }
        term.is_orphan = term.owner is None or (len(handlers) >= 3 and term.owner not in handlers)

    def adopt(self, term: Term, found: list[Term]) -> None:
        if term.promise_kind != "callback":
            return
        open_then = [
            other
            for other in found
            if other.promise_kind != "callback" and other.made_at < term.made_at < other.ended_at
        ]
        if open_then:
            parent = min(open_then, key=lambda other: (other.late_after, other.promise_id))
            term.parent_promise_id = parent.promise_id


def first_sla(event: PromiseEvent) -> bool:
    """Nobody was told of an SLA: its dates need no notice."""
    return event.confidence == "sla"


def own_grace(event: PromiseEvent) -> timedelta:
    """What the promise itself allows after its due, such as the length of a slot."""
    return timedelta(microseconds=event.grace_micros)


def earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
