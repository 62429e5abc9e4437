"""Delivery events of outgoing mail: SendGrid's event webhook, as arrays or one event a line.

SendGrid sends an event again until it is acknowledged, in no certain order: sg_event_id makes
it one. Custom arguments of the sender (order_id, ticket_id, user_id) stand beside the fields.
"""

from ingestion.source import Identifier, RecordType, Source
from ingestion.sources.email.pages import pages
from ingestion.times import epoch_micros

delivery_event = RecordType(
    name="delivery_event",
    fields=("sg_event_id", "event", "email", "timestamp", "user_id"),
    key="r.sg_event_id",
    occurred_at=epoch_micros("try_cast(r.timestamp as hugeint) * 1000000"),
    identifiers=(Identifier("email", "r.email"), Identifier("user_id", "r.user_id")),
    checks={"event": "r.event", "email": "r.email", "timestamp": "r.timestamp"},
)

# News about the sender's account, with no recipient.
account_event = RecordType(
    name="account_event",
    fields=("event",),
    where="r.event = 'account_status_change'",
    key="r.sg_event_id",
    occurred_at=delivery_event.occurred_at,
    ignore=True,
)

SENDGRID = Source(
    name="sendgrid",
    channel="email",
    records=(account_event, delivery_event),
    read=pages("events"),
)
