"""Mailboxes: RFC 5322 messages in mbox files, Maildir folders or single files.

The key is the sha256 of the Message-ID, which may look like an address, so the same message in
several mailboxes is one event. The time is the sender's clock; the server's where there is none
or it runs more than a day ahead.
"""

from ingestion.settings import Settings
from ingestion.source import Identifier, RecordType, Source
from ingestion.sources.email.messages import messages
from ingestion.times import instant, literal

PARTIES = (
    'list_concat(list_concat(list_concat([r."from"], from_json(r."to", \'["VARCHAR"]\')),'
    " from_json(r.cc, '[\"VARCHAR\"]')), from_json(r.delivered_to, '[\"VARCHAR\"]'))"
)
RECIPIENTS = 'list_concat(from_json(r."to", \'["VARCHAR"]\'), from_json(r.cc, \'["VARCHAR"]\'))'
SENT = instant("r.sent_at")
RECEIVED = instant("r.received_at")
MACHINES = "^(mailer-daemon|postmaster|no-?reply|do-?not-?reply)(\\+[^@]*)?@"


def mail(settings: Settings) -> Source:
    """The company's mail; its own addresses are those in the domains of `settings`."""
    own = ", ".join(literal(domain) for domain in settings.own_domains) or "''"

    def is_own(address: str) -> str:
        return f"coalesce(split_part({address}, '@', -1) in ({own}), false)"

    sender = 'r."from"'
    # A bounce is written by a machine, and is about the one whom the message did not reach.
    is_ours = f"({is_own(sender)} or r.report.recipient is not null)"
    writer = (
        f"case when not {is_ours} and not regexp_matches({sender}, {literal(MACHINES)})"
        f" then {sender} end"
    )
    # Of several outside recipients the first is the customer: all would look like one person.
    addressee = (
        f"case when {is_ours} then coalesce(r.report.recipient,"
        f" list_filter({RECIPIENTS}, lambda x: not {is_own('x')})[1]) end"
    )
    message = RecordType(
        name="message",
        fields=(
            "message_id",
            "content_sha256",
            "sent_at",
            "received_at",
            "from",
            "to",
            "cc",
            "delivered_to",
            "report.recipient",
        ),
        key="coalesce(sha256(r.message_id), r.content_sha256)",
        # A sender's clock that is more than a day ahead of the server's is wrong.
        occurred_at=(
            f"case when {SENT} <= {RECEIVED} + interval 1 day or {RECEIVED} is null then {SENT}"
            f" else {RECEIVED} end"
        ),
        identifiers=(Identifier("email", writer), Identifier("email", addressee)),
        checks={
            "sender": sender,
            "has_own_party": (
                f"case when len(list_filter({PARTIES}, lambda x: {is_own('x')})) > 0"
                " then 'yes' else 'no' end"
            ),
        },
        flags={
            "server_clock": (
                f"{SENT} is null or coalesce({SENT} > {RECEIVED} + interval 1 day, false)"
            ),
            "no_message_id": "r.message_id is null",
        },
    )
    return Source(name="mail", channel="email", records=(message,), read=messages)


MAIL = mail
