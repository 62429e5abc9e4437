"""What goes wrong between a system and the landing folder: records that must be set aside, and
files that come twice. The same few in every company, whatever its size.
"""

from datetime import datetime, timedelta

from tests.sample_company.clock import seconds_z
from tests.sample_company.world import World
from tests.sample_company.write import to_json


def spoil(world: World) -> None:
    """Put the malformed records among the good ones; the truth names each."""
    at = world.start + timedelta(days=20, hours=12)
    now = seconds_z(at)
    contact = {
        "ContactId": "bad-contact",
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": now,
        "LastUpdateTimestamp": now,
    }
    ticket = {"id": 99, "status": "new", "created_at": now, "updated_at": now, "requester_id": 1}
    notice = {"email": "nobody@example.org", "timestamp": int(at.timestamp()), "event": "open"}
    call = {"type": "track", "event": "Clicked", "anonymousId": "bad-cookie", "receivedAt": now}
    order = {
        "id": "gid://shopify/Order/1",
        "name": "#1",
        "test": False,
        "createdAt": now,
        "updatedAt": now,
    }
    window = {
        "id": "gid://shopify/FulfillmentOrder/1",
        "orderId": "gid://shopify/Order/1",
        "createdAt": now,
        "updatedAt": now,
        "deliveryMethod": {"methodType": "SHIPPING"},
    }
    spoilt = (
        ("connect", b'{"ContactId":"cut-off-here', "not JSON"),
        ("connect", to_json(contact | {"ContactId": None}), "no key"),
        ("connect", to_json(contact | {"Channel": "FAX"}), "unknown Channel"),
        ("zendesk/tickets", to_json(ticket | {"status": "dreaming"}), "unknown status"),
        ("zendesk/tickets", to_json(ticket | {"id": None}), "no key"),
        ("sendgrid", to_json(notice | {"sg_event_id": "bad-1", "event": "eaten"}), "unknown event"),
        (
            "sendgrid",
            to_json(notice | {"sg_event_id": "bad-2", "timestamp": 4_930_000_000}),
            "far future",
        ),
        ("segment", b'{"type":"track","event":', "not JSON"),
        (
            "segment",
            to_json(call | {"messageId": "bad-1", "type": "teleport", "timestamp": now}),
            "unknown type",
        ),
        ("segment", to_json(call | {"timestamp": now}), "no key"),
        (
            "segment",
            to_json(call | {"messageId": "bad-2", "timestamp": "2126-01-01T00:00:00.000Z"}),
            "far future",
        ),
        ("shopify/orders", to_json(order | {"updatedAt": "yesterday"}), "unreadable time"),
        ("shopify/orders", to_json(order | {"cancelReason": "WHIM"}), "unknown cancelReason"),
        (
            "shopify/fulfillment_orders",
            to_json(window | {"status": "DREAMING"}),
            "unknown status",
        ),
        (
            "mail/care",
            b"From nobody@example.org Wed Jan 21 12:00:00 2026\nMessage-ID: <bad-1@example.org>\n"
            b"From: nobody@example.org\nTo: care@company.example\nDate: some day\n"
            b"Subject: undated\n\nHello?\n\n",
            "unreadable time",
        ),
        (
            "queue_tickets",
            b"BER-000,berlin-mitte,advice,2026-01-21T12:00:00,,,2026-01-21T12:30:00,left,,",
            "no time zone",
        ),
        (
            "queue_tickets",
            f"BER-001,berlin-mitte,advice,{now},,,{now},eaten,,".encode(),
            "unknown outcome",
        ),
        (
            "appointments",
            f"A1,nobody@example.org,,berlin-mitte,{now},online,{now},{now},dreamt,{now},,"
            "customer".encode(),
            "unknown status",
        ),
    )
    for stream, record, why in spoilt:
        world.landing.put(stream, at, record)
        world.truth.set_aside.append({"stream": stream, "why": why})


def repeat_files(world: World) -> None:
    """Two files come again under another name, as they were."""
    month = _month(world.start)
    for name, again in (
        (f"sendgrid/{month}.ndjson", f"sendgrid/copy-of-{month}.ndjson"),
        (f"queue_tickets/{month}.csv", f"queue_tickets/{month} (2).csv"),
    ):
        if name in world.landing.files:
            world.landing.repeat(name, again)
            world.truth.repeated_files.append({"file": again, "of": name})


def _month(at: datetime) -> str:
    return f"{at.year}-{at.month:02d}"
