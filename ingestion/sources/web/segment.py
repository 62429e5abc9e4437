"""Segment and RudderStack calls: NDJSON, one call a line, the one format of both vendors.

A call never changes, so `messageId` is an immutable key; both vendors repeat calls. One record
type holds all six kinds of call: they share every envelope field, and one pass over a million
clicks is what the speed of the gate is made of. Staging reads the kind from the payload.
"""

from ingestion import readers, times
from ingestion.source import Identifier, RecordType, Source

# The vendors correct the visitor's clock by the time that the call was on its way:
#   timestamp = receivedAt - (sentAt - originalTimestamp)
# Raw exports may lack `timestamp`; a `timestamp` that is there and unreadable is an error.
CORRECTED = (
    f"({times.instant('r.receivedAt')}"
    f" - ({times.instant('r.sentAt')} - {times.instant('r.originalTimestamp')}))"
)
OCCURRED_AT = (
    f"case when r.timestamp is not null then {times.instant('r.timestamp')}"
    f" when r.sentAt is not null and r.receivedAt is not null then {CORRECTED}"
    f" else {times.instant('r.originalTimestamp')} end"
)

EVENT = RecordType(
    name="event",
    fields=(
        "messageId",
        "type",
        "event",
        "anonymousId",
        "userId",
        "previousId",
        "timestamp",
        "originalTimestamp",
        "sentAt",
        "receivedAt",
        "traits.email",
        "traits.phone",
        "properties.load_ms",
        "properties.estimated_delivery",
    ),
    key="r.messageId",
    occurred_at=OCCURRED_AT,
    identifiers=(
        # The cookie comes first: staging takes the first identifier as the visitor.
        Identifier("cookie", "r.anonymousId"),
        Identifier("user_id", "r.userId"),
        Identifier("email", "r.traits.email"),
        Identifier("phone", "r.traits.phone"),
        # alias: "this user was known by that id until now"; by default that is the cookie.
        Identifier("cookie", "case when r.type = 'alias' then r.previousId end"),
    ),
    checks={
        # One column instead of three keeps the suite cheap where events come in millions.
        "call": (
            "case when r.type = 'track' and coalesce(r.event, '') = ''"
            " then 'track without event' else coalesce(r.type, 'missing') end"
        ),
        "load_ms": "r.properties.load_ms",
        "estimated_delivery": "r.properties.estimated_delivery",
    },
)

SEGMENT = Source(
    name="segment",
    channel="web",
    records=(EVENT,),
    read=readers.ndjson,
)
