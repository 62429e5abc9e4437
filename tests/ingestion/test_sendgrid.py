"""SendGrid's webhook events become events: arrays and lines, once each, with their recipients."""

import json

DELIVERED = {
    "email": "ann@example.com",
    "timestamp": 1772442000,
    "event": "delivered",
    "sg_event_id": "ZGVsaXZlcmVk",
    "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
    "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
    "category": ["transactional", "order_shipped"],
    "order_id": "1001",
    "user_id": "u-77",
    "response": "250 OK",
}


def lines(*records: object) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_a_posted_array_and_lines_give_the_same_event_once(recorded):
    posted = json.dumps([DELIVERED, DELIVERED | {"sg_event_id": "b", "event": "open"}]).encode()
    log = recorded("sendgrid", {"posted.json": posted, "retried.ndjson": lines(DELIVERED)})
    assert sorted(log.events["record_key"]) == ["ZGVsaXZlcmVk", "b"]
    assert str(log.events["occurred_at"][0]) == "2026-03-02 09:00:00"


def test_the_recipient_and_the_senders_own_user_id_name_the_customer(recorded):
    log = recorded("sendgrid", {"events.ndjson": lines(DELIVERED)})
    assert {entry["type"] for entry in log.events["identifiers"][0]} == {"email", "user_id"}


def test_news_about_the_account_is_counted_and_not_recorded(recorded):
    status = {"event": "account_status_change", "sg_event_id": "c", "timestamp": 1772442000}
    log = recorded("sendgrid", {"events.ndjson": lines(DELIVERED, status)})
    assert log.events["record_type"].tolist() == ["delivery_event"]
    assert log.quarantine.empty


def test_an_unknown_event_a_missing_key_and_milliseconds_are_set_aside(recorded):
    content = lines(
        DELIVERED,
        DELIVERED | {"sg_event_id": "x", "event": "teleported"},
        {name: value for name, value in DELIVERED.items() if name != "sg_event_id"},
        DELIVERED | {"sg_event_id": "y", "timestamp": 1772442000000},
        DELIVERED | {"sg_event_id": "z", "timestamp": "yesterday"},
        DELIVERED | {"sg_event_id": "w", "email": None},
    )
    log = recorded("sendgrid", {"events.ndjson": content})
    assert log.events["record_key"].tolist() == ["ZGVsaXZlcmVk"]
    assert len(log.quarantine) == 5
