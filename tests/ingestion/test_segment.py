"""Segment and RudderStack calls on their way into the log."""

import copy
import gzip
import json

import pandas as pd

TRACK = {
    "anonymousId": "507f191e810c19729de860ea",
    "channel": "browser",
    "context": {
        "ip": "192.0.2.7",
        "library": {"name": "analytics.js", "version": "2.11.1"},
        "locale": "en-US",
        "page": {
            "path": "/checkout",
            "referrer": "",
            "search": "",
            "title": "Checkout",
            "url": "https://shop.example/checkout",
        },
        "timezone": "Europe/Amsterdam",
        "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/537.36",
    },
    "event": "Order Completed",
    "integrations": {},
    "messageId": "ajs-next-1-022bb90c",
    "originalTimestamp": "2026-03-12T08:00:00.000Z",
    "properties": {
        "order_id": "#1001",
        "estimated_delivery": "2026-03-20",
        "total": 49.9,
    },
    "receivedAt": "2026-03-12T08:00:03.000Z",
    "sentAt": "2026-03-12T08:00:02.500Z",
    "timestamp": "2026-03-12T08:00:00.500Z",
    "type": "track",
    "userId": "u-97980cfea0067",
    "version": 2,
}


def call(message_id="m1", **changes):
    """A track call; a key with a dot changes a nested field, the value `...` takes it away."""
    made = copy.deepcopy(TRACK) | {"messageId": message_id}
    for path, value in changes.items():
        *parents, leaf = path.split(".")
        place = made
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is ...:
            place.pop(leaf)
        else:
            place[leaf] = value
    return made


def ndjson(*records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def hashes(event, type_):
    return [entry["hash"] for entry in event["identifiers"] if entry["type"] == type_]


def test_a_call_is_recorded_as_it_came_under_its_message_id(recorded):
    result = recorded("segment", {"events.json": ndjson(call())})
    event = result.events.iloc[0]
    assert event["record_key"] == "m1"
    assert event["record_version"] is None or pd.isna(event["record_version"])
    assert event["occurred_at"] == pd.Timestamp("2026-03-12 08:00:00.5")
    assert json.loads(event["payload"]) == call()


def test_a_repeated_call_counts_once_whatever_the_file(recorded):
    files = {
        "a.json": ndjson(call(), call(), call("m2")),
        "b.json.gz": gzip.compress(ndjson(call(), call("m3"))),
    }
    result = recorded("segment", files)
    assert sorted(result.events["record_key"]) == ["m1", "m2", "m3"]


def test_without_a_timestamp_the_clock_of_the_device_is_corrected_by_the_time_on_the_way(
    recorded,
):
    # The device is a year and a day behind: it says 2025 when it is 2026.
    skewed = call(
        timestamp=...,
        originalTimestamp="2025-03-11T08:00:00.000Z",
        sentAt="2025-03-11T08:10:00.000Z",
        receivedAt="2026-03-12T09:00:00.000Z",
    )
    event = recorded("segment", {"events.json": ndjson(skewed)}).events.iloc[0]
    assert event["occurred_at"] == pd.Timestamp("2026-03-12 08:50:00")


def test_a_stated_timestamp_is_not_corrected_again(recorded):
    stated = call(timestamp="2026-03-12T07:00:00+00:00", originalTimestamp="2020-01-01T00:00:00Z")
    event = recorded("segment", {"events.json": ndjson(stated)}).events.iloc[0]
    assert event["occurred_at"] == pd.Timestamp("2026-03-12 07:00:00")


def test_without_a_sending_time_the_original_time_stands(recorded):
    event = recorded(
        "segment", {"events.json": ndjson(call(timestamp=..., sentAt=...))}
    ).events.iloc[0]
    assert event["occurred_at"] == pd.Timestamp("2026-03-12 08:00:00")


def test_the_cookie_is_the_first_identifier_and_the_login_the_second(recorded):
    event = recorded("segment", {"events.json": ndjson(call())}).events.iloc[0]
    assert [entry["type"] for entry in event["identifiers"]] == ["cookie", "user_id"]


def test_identify_joins_cookie_login_mail_and_phone(recorded):
    identify = call(
        type="identify",
        event=...,
        traits={"email": "Ann@Example.org", "phone": "+1 202 555 0143", "plan": "gold"},
    )
    event = recorded("segment", {"events.json": ndjson(identify)}).events.iloc[0]
    for type_ in ("cookie", "user_id", "email", "phone"):
        assert hashes(event, type_)[0]


def test_alias_joins_the_id_before_with_the_login_after(recorded):
    alias = call("alias", type="alias", event=..., previousId="old-cookie", anonymousId=...)
    before = call("before", anonymousId="old-cookie", userId=...)
    events = recorded("segment", {"events.json": ndjson(alias, before)}).events.set_index(
        "record_key"
    )
    assert hashes(events.loc["alias"], "cookie") == hashes(events.loc["before"], "cookie")
    assert hashes(events.loc["alias"], "user_id")


def test_a_previous_id_outside_an_alias_joins_nobody(recorded):
    event = recorded("segment", {"events.json": ndjson(call(previousId="other"))}).events.iloc[0]
    assert len(hashes(event, "cookie")) == 1


def test_all_six_kinds_of_call_pass(recorded):
    kinds = ("track", "page", "screen", "identify", "group", "alias")
    records = [call(kind, type=kind) for kind in kinds]
    assert len(recorded("segment", {"events.json": ndjson(*records)}).events) == 6


def test_bad_calls_are_set_aside_with_a_reason_and_the_rest_goes_on(recorded):
    bad = {
        "unknown type": {"type": "teleport"},
        "no type": {"type": ...},
        "track of nothing": {"event": ...},
        "time in words": {"timestamp": "yesterday"},
        "time without zone": {"timestamp": "2026-03-12T08:00:00"},
        "time of another type": {"timestamp": 1773302400},
        "no time": {"timestamp": ..., "originalTimestamp": ...},
        "far future": {"timestamp": "2036-03-12T08:00:00Z"},
        "load in words": {"properties.load_ms": "fast"},
        "negative load": {"properties.load_ms": -1},
        "delivery soon": {"properties.estimated_delivery": "soon"},
        "delivery without zone": {"properties.estimated_delivery": "2026-03-20T12:00:00"},
    }
    records = [call(name, **changes) for name, changes in bad.items()]
    keyless = call()
    del keyless["messageId"]
    content = ndjson(call("good"), *records, keyless) + b'{"messageId": "torn"\n\n'
    result = recorded("segment", {"events.json": content})
    assert list(result.events["record_key"]) == ["good"]
    reasons = result.quarantine.set_index("record_key")["reason"]
    assert set(bad) <= set(reasons.index)
    assert len(result.quarantine) == len(bad) + 2
    assert "24 hours in the future" in reasons["far future"]
    assert "type is not one of" in reasons["unknown type"]
    assert "estimated_delivery" in reasons["delivery soon"]
    assert "load_ms" in reasons["negative load"]


def test_a_truncated_gzip_is_set_aside_alone(recorded):
    whole = gzip.compress(ndjson(*(call(f"m{n}") for n in range(3000))))
    files = {"cut.json.gz": whole[: len(whole) // 2], "good.json": ndjson(call("good"))}
    result = recorded("segment", files)
    assert list(result.events["record_key"]) == ["good"]
    assert [name for name, _ in result.report.refused] == ["cut.json.gz"]


def test_no_name_of_a_person_leaves_the_payload(recorded):
    identify = call(type="identify", event=..., traits={"email": "ann@example.org"})
    result = recorded("segment", {"events.json": ndjson(identify)})
    outside = result.events.drop(columns="payload").to_json(date_format="iso")
    for name in ("ann@example.org", "507f191e810c19729de860ea", "u-97980cfea0067"):
        assert name not in outside
