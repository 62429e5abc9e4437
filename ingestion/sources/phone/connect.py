"""Amazon Connect contact records: NDJSON, plain or gzip, as Kinesis Data Firehose lands them in S3.

Connect delivers a record at least once, and again when it changes: the key is the ContactId and
the version its LastUpdateTimestamp. Each transfer is a contact of its own in a chain. New fields
appear without notice, so fields that are not named here are kept in the payload and not read.
"""

from ingestion import readers, times
from ingestion.source import Identifier, RecordType, Source

# What carriers send in place of a withheld number; +266696687 spells ANONYMOUS on a keypad.
WITHHELD = (
    "anonymous",
    "unknown",
    "unavailable",
    "restricted",
    "private",
    "+266696687",
)

# An agent who dials a third party on the customer's behalf: the far end is not the customer.
NOT_THE_CUSTOMER = "r.InitiationMethod = 'EXTERNAL_OUTBOUND'"


def _endpoint(endpoint_type: str, default: bool) -> str:
    """SQL: the customer's address of one type. Old records state no type: all were phones."""
    stated = f"coalesce(r.CustomerEndpoint.Type, {times.literal(endpoint_type if default else '')})"
    withheld = ", ".join(times.literal(word) for word in WITHHELD)
    return (
        f"case when {stated} = {times.literal(endpoint_type)} and not {NOT_THE_CUSTOMER}"
        f" and lower(trim(r.CustomerEndpoint.Address)) not in ({withheld})"
        " then r.CustomerEndpoint.Address end"
    )


CONTACT = RecordType(
    name="contact",
    fields=(
        "ContactId",
        "InitialContactId",
        "LastUpdateTimestamp",
        "InitiationTimestamp",
        "DisconnectTimestamp",
        "ScheduledTimestamp",
        "InitiationMethod",
        "Channel",
        "CustomerEndpoint.Type",
        "CustomerEndpoint.Address",
        "CustomerId",
        "Queue.EnqueueTimestamp",
        "Queue.Duration",
        "Agent.ConnectedToAgentTimestamp",
        "Agent.AgentInteractionDuration",
        "Agent.CustomerHoldDuration",
        "Attributes.user_id",
        "Attributes.email",
        "Attributes.loyalty_id",
    ),
    key="r.ContactId",
    # The legs of a transfer hang on the first.
    part_of={"contact": "r.InitialContactId"},
    version="r.LastUpdateTimestamp",
    occurred_at=times.instant("r.InitiationTimestamp"),
    identifiers=(
        Identifier("phone", _endpoint("TELEPHONE_NUMBER", default=True)),
        Identifier("email", _endpoint("EMAIL_ADDRESS", default=False)),
        Identifier("connect_customer", "r.CustomerId"),
        Identifier("user_id", "r.Attributes.user_id"),
        Identifier("email", "r.Attributes.email"),
        Identifier("loyalty_id", "r.Attributes.loyalty_id"),
    ),
    checks={
        "InitiationMethod": "r.InitiationMethod",
        "Channel": "r.Channel",
        "LastUpdateTimestamp": "r.LastUpdateTimestamp",
        "DisconnectTimestamp": "r.DisconnectTimestamp",
        "ScheduledTimestamp": "r.ScheduledTimestamp",
        "EnqueueTimestamp": "r.Queue.EnqueueTimestamp",
        "ConnectedToAgentTimestamp": "r.Agent.ConnectedToAgentTimestamp",
        "QueueDuration": "r.Queue.Duration",
        "AgentInteractionDuration": "r.Agent.AgentInteractionDuration",
        "CustomerHoldDuration": "r.Agent.CustomerHoldDuration",
        "callback_due": (
            f"case when {times.instant('r.ScheduledTimestamp')}"
            f" < {times.instant('r.InitiationTimestamp')} then 'before it was asked for' end"
        ),
    },
)

CONNECT = Source(
    name="connect",
    channel="phone",
    records=(CONTACT,),
    read=readers.ndjson,
)
