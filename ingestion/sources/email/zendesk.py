"""Tickets of Zendesk: tickets, their audits and metric events, users, satisfaction ratings.

Exports of the incremental API, pages or NDJSON. The kind of a record is known by its fields, so
files may mix them. A ticket that is exported again is a new version; audits never change; a
metric event may come again as deleted.
"""

from ingestion.settings import Settings
from ingestion.source import Identifier, RecordType, Source
from ingestion.sources.email.pages import pages
from ingestion.times import epoch_micros, instant, literal

GENERATED = "try_cast(r.generated_timestamp as hugeint) * 1000000"
# `generated_timestamp` also moves when the system changes a ticket; `updated_at` does not.
TICKET_VERSION = (
    f"coalesce(strftime({epoch_micros(GENERATED)}, '%Y-%m-%dT%H:%M:%SZ'), r.updated_at)"
)
# A user without a role is in no export; an agent's own address is no customer's.
IS_CUSTOMER = "coalesce(r.role, 'end-user') = 'end-user'"
ticket_audit = RecordType(
    name="ticket_audit",
    part_of={"ticket": "r.ticket_id"},
    fields=("id", "ticket_id", "created_at", "author_id", "events"),
    where="r.events is not null and r.ticket_id is not null",
    key="r.id",
    occurred_at=instant("r.created_at"),
    checks={
        "ticket_id": "r.ticket_id",
        "events_type": "coalesce(json_type(try_cast(r.events as json)), 'TEXT')",
    },
)

ticket_metric_event = RecordType(
    name="ticket_metric_event",
    part_of={"ticket": "r.ticket_id"},
    fields=("id", "ticket_id", "metric", "instance_id", "type", "time", "deleted"),
    where="r.metric is not null and r.ticket_id is not null",
    key="r.id",
    version="case when r.deleted = 'true' then '1' else '0' end",
    version_type="number",
    occurred_at=instant("r.time"),
    checks={
        "ticket_id": "r.ticket_id",
        "metric": "r.metric",
        "type": "r.type",
        "instance_id": "r.instance_id",
    },
)

satisfaction_rating = RecordType(
    name="satisfaction_rating",
    part_of={"ticket": "r.ticket_id"},
    fields=("id", "ticket_id", "score", "requester_id", "created_at", "updated_at"),
    where="r.score is not null and r.ticket_id is not null",
    key="r.id",
    version="r.updated_at",
    # A rating is offered first and given later, under the same id.
    occurred_at=instant("coalesce(r.updated_at, r.created_at)"),
    identifiers=(Identifier("zendesk_user", "r.requester_id"),),
    checks={"ticket_id": "r.ticket_id", "score": "r.score"},
)

user = RecordType(
    name="user",
    fields=(
        "id",
        "role",
        "email",
        "phone",
        "shared_phone_number",
        "external_id",
        "created_at",
        "updated_at",
    ),
    where="r.role is not null and r.ticket_id is null",
    key="r.id",
    version="coalesce(r.updated_at, r.created_at)",
    occurred_at=instant("coalesce(r.created_at, r.updated_at)"),
    identifiers=(
        Identifier("zendesk_user", f"case when {IS_CUSTOMER} then r.id end"),
        Identifier("email", f"case when {IS_CUSTOMER} then r.email end"),
        Identifier(
            "phone",
            f"case when {IS_CUSTOMER} and coalesce(r.shared_phone_number, 'false') <> 'true'"
            " then r.phone end",
        ),
        Identifier("user_id", f"case when {IS_CUSTOMER} then r.external_id end"),
    ),
    checks={"role": "r.role"},
)


def zendesk(settings: Settings) -> Source:
    """The company's Zendesk; its agents' addresses are those in the domains of `settings`."""
    own = ", ".join(literal(domain) for domain in settings.own_domains) or "''"
    address = 'r.via.source."from".address'
    ticket = RecordType(
        name="ticket",
        fields=(
            "id",
            "ticket_id",
            "requester_id",
            "subject",
            "status",
            "created_at",
            "updated_at",
            "generated_timestamp",
            "via.source.from.address",
            "via.source.from.phone",
        ),
        where="r.ticket_id is null and coalesce(r.requester_id, r.subject, r.status) is not null",
        key="r.id",
        version=TICKET_VERSION,
        occurred_at=instant("r.created_at"),
        identifiers=(
            Identifier("zendesk_user", "r.requester_id"),
            # An agent who forwards a customer's mail is its sender, and not the requester.
            Identifier(
                "email",
                f"case when lower(split_part({address}, '@', -1)) not in ({own})"
                f" then {address} end",
            ),
            Identifier("phone", 'r.via.source."from".phone'),
        ),
        checks={"id": "r.id", "status": "r.status"},
    )
    return Source(
        name="zendesk",
        channel="email",
        records=(ticket_audit, ticket_metric_event, satisfaction_rating, user, ticket),
        read=pages(
            "tickets",
            "audits",
            "ticket_audits",
            "ticket_metric_events",
            "users",
            "satisfaction_ratings",
        ),
    )


ZENDESK = zendesk
