"""The help desk: Zendesk tickets with their audits, metric events, users and ratings.

A ticket is exported with its last state of each day on which it changed; audits and metric
events once each. A ticket about an order carries the tag `order_<n>` and the order field.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.sample_company.clock import seconds_z
from tests.sample_company.people import Person, shares_with_previous
from tests.sample_company.truth import Promise
from tests.sample_company.world import DOMAIN, World
from tests.sample_company.write import to_json

ORDER_FIELD = 4417000000001
AGENTS = tuple(361_000_000_000 + n for n in range(1, 13))
SYSTEM = -1
REPLY_TARGET = timedelta(hours=24)
POLICY = {"id": 25, "title": "Answer within a day", "description": "First and next reply"}


@dataclass
class Ticket:
    """One ticket as it stands now."""

    id: int
    person: Person
    order: str | None
    created_at: datetime
    state: dict
    replies_due: int = 0
    waiting_since: datetime | None = None
    promise: Promise | None = None
    task: Promise | None = None
    pending: tuple[datetime, bytes] | None = field(default=None)


class Desk:
    """The help desk of one world; knows which users have been exported."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._exported: dict[int, str] = {}
        self._open: list[Ticket] = []

    def open(
        self,
        person: Person,
        at: datetime,
        subject: str,
        text: str,
        order: str | None = None,
        *,
        via: str = "web",
        tags: tuple[str, ...] = (),
        plot: str = "",
    ) -> Ticket:
        """The customer opens a ticket; the reply clock starts."""
        world = self._world
        self._export_user(person, at)
        agent = world.rng.choice(AGENTS)
        tagged = [*tags, *([f"order_{order}"] if order else [])]
        ticket = Ticket(
            id=world.number_at("ticket", at, 100_000),
            person=person,
            order=order,
            created_at=at,
            state={
                "external_id": order if order and world.rng.random() < 0.3 else None,
                "via": {"channel": via, "source": {"from": {}, "to": {}, "rel": None}},
                "type": "problem" if order else "question",
                "subject": f"Order #{order}: {subject}" if order else subject,
                "description": text,
                "priority": "normal",
                "status": "new",
                "assignee_id": agent,
                "group_id": 4400 + agent % 3,
                "due_at": None,
                "tags": tagged,
                "satisfaction_rating": {"score": "unoffered"},
                "followup_ids": [],
            },
        )
        if via == "email":
            address = person.email_at(at)
            ticket.state["via"]["source"]["from"] = {"address": address, "name": person.name}
            world.named(at, person, email=address)
        self._open.append(ticket)
        events = [
            self._comment(person.zendesk_user, text, True),
            {"type": "Create", "field_name": "status", "value": "new"},
            {"type": "Create", "field_name": "assignee_id", "value": str(agent)},
            {"type": "Create", "field_name": "group_id", "value": str(4400 + agent % 3)},
            {"type": "Create", "field_name": "requester_id", "value": str(person.zendesk_user)},
            # The machine's "we have received your request": no answer.
            {
                "type": "Notification",
                "via": {"channel": "rule", "source": {"from": {"title": "Notify requester"}}},
                "subject": "Request received",
                "recipients": [person.zendesk_user],
            },
        ]
        if tagged:
            events.append({"type": "Create", "field_name": "tags", "value": tagged})
        self._audit(ticket, at, person.zendesk_user, events, via)
        self._start_waiting(ticket, at, plot)
        return ticket

    def customer_writes(self, ticket: Ticket, at: datetime, text: str, plot: str = "") -> None:
        """The customer adds a comment; a solved ticket opens again."""
        events = [self._comment(ticket.person.zendesk_user, text, True)]
        events += self._set(ticket, status="open")
        self._audit(ticket, at, ticket.person.zendesk_user, events, "email")
        if ticket.waiting_since is None:
            self._start_waiting(ticket, at, plot)

    def agent_writes(
        self, ticket: Ticket, at: datetime, text: str, status: str = "pending"
    ) -> None:
        """A public comment of an agent: it answers what waits."""
        agent = ticket.state["assignee_id"]
        events = [self._comment(agent, text, True), *self._set(ticket, status=status)]
        self._audit(ticket, at, agent, events, "web")
        self._answered(ticket, at, status)
        if status == "solved":
            self._rate(ticket, at)

    def agent_notes(self, ticket: Ticket, at: datetime, text: str) -> None:
        """An internal note: nobody outside sees it."""
        agent = ticket.state["assignee_id"]
        events = [self._comment(agent, text, False), *self._set(ticket, status="open")]
        self._audit(ticket, at, agent, events, "web")

    def reassign(self, ticket: Ticket, at: datetime) -> None:
        """Another agent, and often another group, takes the ticket over."""
        others = [a for a in AGENTS if a != ticket.state["assignee_id"]]
        agent = self._world.rng.choice(others)
        before = ticket.state["assignee_id"]
        events = self._set(ticket, assignee_id=agent, group_id=4400 + agent % 3)
        self._audit(ticket, at, before, events, "web")

    def promise_task(self, ticket: Ticket, at: datetime, due_at: datetime, plot: str) -> None:
        """The ticket becomes a task with a due date."""
        events = self._set(ticket, type="task", due_at=seconds_z(due_at), status="open")
        self._audit(ticket, at, ticket.state["assignee_id"], events, "web")
        ticket.task = self._world.promised(
            Promise(
                promise=f"zendesk/task/{ticket.id}",
                kind="task",
                source="zendesk",
                record_type="ticket",
                record_key=str(ticket.id),
                customer=ticket.person.key,
                subject=_subject(ticket),
                plot=plot,
                made_at=at,
                due_at=due_at,
                needs_notice=False,
            )
        )

    def solve(self, ticket: Ticket, at: datetime, text: str) -> None:
        """A last public comment, and solved."""
        self.agent_writes(ticket, at, text, status="solved")
        if ticket.task and ticket.task.kept_internally_at is None:
            ticket.task.kept_internally_at = at
            ticket.task.notice(at, True, "solved")

    def close(self) -> None:
        """Export the last state of every ticket; call once a customer's story has been told."""
        for ticket in self._open:
            if ticket.pending:
                self._world.landing.put("zendesk/tickets", *ticket.pending)
        self._open.clear()

    def export_agents(self) -> None:
        """The company's own users."""
        for n, agent in enumerate(AGENTS):
            at = self._world.start
            user = {
                "id": agent,
                "name": f"Agent {n + 1}",
                "email": f"agent{n + 1}@{DOMAIN}",
                "created_at": seconds_z(at),
                "updated_at": seconds_z(at),
                "role": "agent",
                "active": True,
                "suspended": False,
                "phone": None,
                "shared_phone_number": None,
                "external_id": None,
                "time_zone": "Berlin",
            }
            self._world.export("zendesk/users", at, user)

    def _export_user(self, person: Person, at: datetime) -> None:
        email = person.email_at(at)
        if self._exported.get(person.zendesk_user) == email or not self._world.has(at):
            return
        is_new = person.zendesk_user not in self._exported
        self._exported[person.zendesk_user] = email
        shared = shares_with_previous(person.number)
        known = person.user_id if person.is_known_at(at) else None
        user = {
            "id": person.zendesk_user,
            "name": person.name,
            "email": email,
            "created_at": seconds_z(at if is_new else self._world.start),
            "updated_at": seconds_z(at),
            "role": "end-user",
            "active": True,
            "suspended": False,
            "phone": person.phone,
            "shared_phone_number": shared if person.phone else None,
            "external_id": known,
            "time_zone": "Berlin",
        }
        self._world.export("zendesk/users", at, user)
        self._world.named(
            at,
            person,
            zendesk_user=str(person.zendesk_user),
            email=email,
            phone=None if shared else person.phone,
            user_id=known,
        )

    def _comment(self, author: int, text: str, is_public: bool) -> dict:
        return {
            "type": "Comment",
            "author_id": author,
            "body": text,
            "public": is_public,
            "attachments": [],
        }

    def _set(self, ticket: Ticket, **values: object) -> list[dict]:
        changes = [
            {
                "type": "Change",
                "field_name": name,
                "value": _field(value),
                "previous_value": _field(ticket.state[name]),
            }
            for name, value in values.items()
            if ticket.state[name] != value
        ]
        ticket.state |= values
        return changes

    def _audit(
        self, ticket: Ticket, at: datetime, author: int, events: list[dict], via: str
    ) -> None:
        if not self._world.has(at):
            return
        id = self._world.number_at("audit", at, 700_000_000)
        audit = {
            "id": id,
            "ticket_id": ticket.id,
            "created_at": seconds_z(at),
            "author_id": author,
            "metadata": {"system": {"client": "Mozilla/5.0"}, "custom": {}},
            "events": [{"id": id * 10 + n, **event} for n, event in enumerate(events)],
            "via": {"channel": via, "source": {"from": {}, "to": {}, "rel": None}},
        }
        self._world.export("zendesk/audits", at, audit)
        if ticket.pending and ticket.pending[0].date() != at.date():
            self._world.landing.put("zendesk/tickets", *ticket.pending)
        ticket.pending = (at, to_json(_ticket(ticket, at)))
        self._world.named(at, ticket.person, zendesk_user=str(ticket.person.zendesk_user))

    def _start_waiting(self, ticket: Ticket, at: datetime, plot: str) -> None:
        ticket.replies_due += 1
        ticket.waiting_since = at
        self._metric(ticket, at, "reply_time", "activate")
        self._metric(ticket, at, "requester_wait_time", "activate")
        sla = {
            "target": int(REPLY_TARGET.total_seconds() // 60),
            "target_in_seconds": int(REPLY_TARGET.total_seconds()),
            "business_hours": False,
            "policy": POLICY,
        }
        self._metric(ticket, at, "reply_time", "apply_sla", sla=sla)
        ticket.promise = self._world.promised(
            Promise(
                promise=f"zendesk/reply_time/{ticket.id}/{ticket.replies_due}",
                kind="reply",
                source="zendesk",
                record_type="ticket_metric_event",
                record_key=f"{ticket.id}/reply_time/{ticket.replies_due}",
                customer=ticket.person.key,
                subject=_subject(ticket),
                plot=plot,
                made_at=at,
                due_at=at + REPLY_TARGET,
                needs_notice=False,
            )
        )

    def never_answered(self, ticket: Ticket) -> None:
        """Nobody ever replies: the breach is all that the export shows."""
        if ticket.waiting_since:
            breached_at = ticket.waiting_since + REPLY_TARGET
            self._metric(ticket, breached_at, "reply_time", "breach")

    def _answered(self, ticket: Ticket, at: datetime, status: str) -> None:
        since = ticket.waiting_since
        if since is not None:
            if at > since + REPLY_TARGET:
                self._metric(ticket, since + REPLY_TARGET, "reply_time", "breach")
            self._metric(ticket, at, "reply_time", "fulfill")
            waited = int((at - since).total_seconds() // 60)
            minutes = {"calendar": waited, "business": waited // 3}
            self._metric(ticket, at, "reply_time", "update_status", status=minutes)
            if ticket.promise:
                ticket.promise.kept_internally_at = ticket.promise.observed_at = at
            ticket.waiting_since = None
        ended = "fulfill" if status == "solved" else "pause"
        self._metric(ticket, at, "requester_wait_time", ended)

    def _metric(self, ticket: Ticket, at: datetime, metric: str, type: str, **more: object) -> None:
        event = {
            "id": self._world.number_at("metric_event", at, 900_000_000),
            "ticket_id": ticket.id,
            "metric": metric,
            "instance_id": ticket.replies_due,
            "type": type,
            "time": seconds_z(at),
            **more,
        }
        if type == "breach":
            event["deleted"] = False
        self._world.export("zendesk/metric_events", at, event)

    def _rate(self, ticket: Ticket, at: datetime) -> None:
        rng = self._world.rng
        if rng.random() < 0.5:
            return
        offered_at = at + timedelta(hours=24)
        rating = {
            "id": self._world.number_at("rating", offered_at, 35_000_000),
            "ticket_id": ticket.id,
            "requester_id": ticket.person.zendesk_user,
            "assignee_id": ticket.state["assignee_id"],
            "group_id": ticket.state["group_id"],
            "score": "offered",
            "comment": None,
            "reason": None,
            "created_at": seconds_z(offered_at),
            "updated_at": seconds_z(offered_at),
        }
        self._world.export("zendesk/ratings", offered_at, rating)
        if rng.random() < 0.45:
            given_at = offered_at + timedelta(hours=rng.randint(1, 60))
            good = rng.random() < (0.55 if ticket.replies_due > 1 else 0.85)
            rating |= {"score": "good" if good else "bad", "updated_at": seconds_z(given_at)}
            self._world.export("zendesk/ratings", given_at, rating)


def _subject(ticket: Ticket) -> str:
    return f"order:{ticket.order}" if ticket.order else f"ticket:{ticket.id}"


def _field(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _ticket(ticket: Ticket, at: datetime) -> dict:
    number = f"#{ticket.order}" if ticket.order else None
    return {
        "id": ticket.id,
        "url": f"https://{DOMAIN}/api/v2/tickets/{ticket.id}.json",
        "created_at": seconds_z(ticket.created_at),
        "updated_at": seconds_z(at),
        "generated_timestamp": int(at.timestamp()),
        "requester_id": ticket.person.zendesk_user,
        "submitter_id": ticket.person.zendesk_user,
        "organization_id": None,
        "brand_id": 1,
        "ticket_form_id": 1,
        "custom_fields": [{"id": ORDER_FIELD, "value": number}],
        "is_public": True,
        "recipient": None,
        "collaborator_ids": [],
        "allow_channelback": False,
        **ticket.state,
    }
