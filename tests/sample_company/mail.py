"""The company's mail: two mailboxes of people (RFC 5322) and the notices that SendGrid sends.

`care@` is archived as one mbox file, `returns@` as a Maildir. A message in copy to both is in
both. Notices and campaigns leave through SendGrid, whose webhook reports what became of them.
"""

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from tests.sample_company.clock import HOME
from tests.sample_company.people import Person
from tests.sample_company.world import DOMAIN, World

CARE = f"care@{DOMAIN}"
RETURNS = f"returns@{DOMAIN}"
AGAIN_SHARE = 0.01


@dataclass
class Thread:
    """One exchange of mails. `references`: the ids of its messages so far."""

    person: Person
    subject: str
    mailbox: str
    order: str | None = None
    references: list[str] = field(default_factory=list)


def open_thread(
    person: Person, subject: str, order: str | None = None, mailbox: str = CARE
) -> Thread:
    """A new exchange; the order is quoted in the subject."""
    quoted = f"Order #{order}: {subject}" if order else subject
    return Thread(person, quoted, mailbox, order)


def customer_writes(world: World, thread: Thread, at: datetime, text: str) -> None:
    """A mail of the customer; the first of a thread is acknowledged by a machine."""
    rng = world.rng
    address = thread.person.email_at(at)
    shown = address
    if rng.random() < 0.08:
        shown = address.replace("@", "+shop@")
    elif rng.random() < 0.08:
        shown = address.title()
    to = thread.mailbox
    if thread.order and rng.random() < 0.1:
        to = to.replace("@", f"+order{thread.order}@")
    starts = not thread.references
    id = f"<{world.uuid()}@mail.example.org>"
    headers = {
        "Return-Path": f"<{shown}>",
        "Delivered-To": to,
        "Received": f"from mail.example.org (mail.example.org [198.51.100.7])\n"
        f"\tby mx1.{DOMAIN} with ESMTPS id {rng.getrandbits(40):010x};\n"
        f"\t{_date(at + timedelta(seconds=3))}",
        "Message-ID": id,
        "Date": _date(at + timedelta(seconds=rng.choice((0, 0, 0, -40, 75)))),
        "From": f"{_word(thread.person.name)} <{shown}>",
        "To": to,
        "Subject": _word(thread.subject if starts else f"Re: {thread.subject}"),
    }
    if starts and rng.random() < 0.06 and thread.mailbox == RETURNS:
        headers["Cc"] = CARE
    _send(world, thread, at, headers, id, text)
    world.named(at, thread.person, email=address)
    if starts:
        automatic(world, thread, at + timedelta(seconds=20))


def company_writes(
    world: World, thread: Thread, at: datetime, text: str, *, bounces: bool = False
) -> bool:
    """A mail of a person in the company; a copy stays in the mailbox. True if it arrived."""
    bounces = bounces or not thread.person.is_reachable_by_mail
    id = f"<{world.uuid()}@{DOMAIN}>"
    address = thread.person.email_at(at)
    headers = {
        "Return-Path": f"<{thread.mailbox}>",
        "Message-ID": id,
        "Date": _date(at),
        "From": f"Company Care <{thread.mailbox}>",
        "To": f"{_word(thread.person.name)} <{address}>",
        "Subject": _word(f"Re: {thread.subject}" if thread.references else thread.subject),
    }
    _send(world, thread, at, headers, id, text)
    world.named(at, thread.person, email=address)
    if bounces:
        _bounce(world, thread, at + timedelta(minutes=2), id, address)
    return not bounces


def automatic(world: World, thread: Thread, at: datetime) -> None:
    """The machine's acknowledgement of a first mail."""
    id = f"<auto-{world.uuid()}@{DOMAIN}>"
    headers = {
        "Return-Path": "<>",
        "Message-ID": id,
        "Date": _date(at),
        "From": f"Company Care <{thread.mailbox}>",
        "To": thread.person.email_at(at),
        "Subject": _word(f"We have received: {thread.subject}"),
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "Precedence": "auto_reply",
    }
    _send(world, thread, at, headers, id, "Thank you for your message. We will be in touch.")


def away(world: World, thread: Thread, at: datetime) -> None:
    """The customer's own out-of-office reply."""
    id = f"<{world.uuid()}@mail.example.org>"
    address = thread.person.email_at(at)
    headers = {
        "Return-Path": "<>",
        "Delivered-To": thread.mailbox,
        "Message-ID": id,
        "Date": _date(at),
        "From": f"{_word(thread.person.name)} <{address}>",
        "To": thread.mailbox,
        "Subject": _word(f"Out of office: {thread.subject}"),
        "Auto-Submitted": "auto-replied",
        "X-Autoreply": "yes",
    }
    _send(world, thread, at, headers, id, "I am away until Monday.")


def notify(
    world: World,
    person: Person,
    at: datetime,
    notice: str,
    order: str | None = None,
    *,
    bounces: bool = False,
    is_marketing: bool = False,
) -> bool:
    """Send a notice or a campaign through SendGrid. True if it was delivered."""
    rng = world.rng
    bounces = bounces or not person.is_reachable_by_mail
    address = person.email_at(at)
    message = f"{rng.getrandbits(88):022x}"
    base: dict = {
        "email": address,
        "smtp-id": f"<{message}@{DOMAIN}>",
        "category": ["marketing", notice] if is_marketing else ["transactional", notice],
        "sg_message_id": f"{message}.recvd-5f-0",
    }
    if order:
        base |= {"order_id": order}
    if person.is_known_at(at) and not is_marketing:
        base |= {"user_id": person.user_id}
    arrived_at = at + timedelta(seconds=rng.randint(2, 40))
    _event(world, person, at, "processed", base, {})
    if rng.random() < 0.02:
        reason = {"response": "451 4.7.1 Greylisted, try again later", "attempt": "1"}
        _event(world, person, arrived_at, "deferred", base, reason)
        arrived_at += timedelta(minutes=15)
    if bounces:
        reason = {
            "type": "bounce",
            "status": "5.1.1",
            "reason": "550 5.1.1 The address that you tried to reach does not exist",
        }
        _event(world, person, arrived_at, "bounce", base, reason)
        return False
    _event(world, person, arrived_at, "delivered", base, {"response": "250 2.0.0 OK"})
    if rng.random() < 0.3:
        read_at = arrived_at + timedelta(minutes=1 + int(rng.expovariate(1 / 300)))
        agent = {"useragent": "Mozilla/5.0", "ip": f"203.0.113.{rng.randint(1, 254)}"}
        _event(world, person, read_at, "open", base, agent)
        if rng.random() < 0.25:
            link = {"url": f"https://www.{DOMAIN}/mail/{notice}"}
            _event(world, person, read_at + timedelta(seconds=9), "click", base, agent | link)
        elif is_marketing and rng.random() < 0.02:
            _event(world, person, read_at + timedelta(seconds=30), "unsubscribe", base, agent)
    return True


def _event(world: World, person: Person, at: datetime, event: str, base: dict, more: dict) -> None:
    record = {
        **base,
        "event": event,
        "timestamp": int(at.timestamp()),
        "sg_event_id": base64.urlsafe_b64encode(world.rng.randbytes(16)).decode().rstrip("="),
        **more,
    }
    stream = "sendgrid/webhook" if (at - world.start).days in (9, 10) else "sendgrid"
    world.export(stream, at, record)
    world.named(at, person, email=base["email"], user_id=base.get("user_id"))
    if world.rng.random() < AGAIN_SHARE:
        world.export("sendgrid", at + timedelta(minutes=5), record)


def _bounce(world: World, thread: Thread, at: datetime, original_id: str, address: str) -> None:
    id = f"<dsn-{world.uuid()}@mail.example.org>"
    boundary = f"=_{world.rng.getrandbits(48):012x}"
    headers = {
        "Return-Path": "<>",
        "Delivered-To": thread.mailbox,
        "Message-ID": id,
        "Date": _date(at),
        "From": "Mail Delivery System <MAILER-DAEMON@mail.example.org>",
        "To": thread.mailbox,
        "Subject": "Undelivered Mail Returned to Sender",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/report; report-type=delivery-status;\n\tboundary="{boundary}"',
        "In-Reply-To": original_id,
        "References": original_id,
    }
    body = (
        f"--{boundary}\nContent-Type: text/plain; charset=us-ascii\n\n"
        "This is the mail system. Your message could not be delivered.\n\n"
        f"--{boundary}\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mail.example.org\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n\n"
        f"--{boundary}\nContent-Type: text/rfc822-headers\n\n"
        f"Message-ID: {original_id}\nFrom: {thread.mailbox}\nTo: {address}\n\n--{boundary}--\n"
    )
    _deliver(world, thread.mailbox, at, headers, body)


def _send(world: World, thread: Thread, at: datetime, headers: dict, id: str, text: str) -> None:
    if thread.references:
        headers["In-Reply-To"] = thread.references[-1]
        headers["References"] = "\n\t".join(thread.references)
    headers |= {
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    body = text + "\n"
    if thread.references and world.rng.random() < 0.7:
        body += "\n> Earlier you wrote:\n> (quoted history)\nFrom my telephone\n"
    if not headers.get("Auto-Submitted"):
        thread.references.append(id)
    _deliver(world, thread.mailbox, at, headers, body)
    if headers.get("Cc") == CARE:
        copy = headers | {"Delivered-To": CARE}
        _deliver(world, CARE, at, copy, body)


def _deliver(world: World, mailbox: str, at: datetime, headers: dict, body: str) -> None:
    if not world.has(at):
        return
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    if mailbox == RETURNS:
        world.landing.message("returns", at, f"{head}\n{body}".encode())
        return
    # mbox: a line of the body that begins with "From " is escaped.
    escaped = "".join(
        f">{line}" if line.startswith("From ") else line for line in body.splitlines(True)
    )
    sender = headers["Return-Path"].strip("<>") or "MAILER-DAEMON"
    separator = f"From {sender} {at:%a %b} {at.day:2d} {at:%H:%M:%S %Y}\n"
    world.landing.put("mail/care", at, f"{separator}{head}\n{escaped}\n".encode())


def _word(text: str) -> str:
    """A header value: RFC 2047 where it is not ASCII."""
    if text.isascii():
        return text
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="


def _date(at: datetime) -> str:
    return format_datetime(at.astimezone(HOME))
