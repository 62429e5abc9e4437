"""Amazon Connect contact records on their way into the log."""

import copy
import gzip
import json

import pandas as pd

CALL = {
    "AWSAccountId": "123456789012",
    "AWSContactTraceRecordFormatVersion": "2017-03-10",
    "Agent": {
        "ARN": "arn:aws:connect:eu-central-1:123456789012:instance/5f0e/agent/57db30ae-8c01",
        "AfterContactWorkDuration": 32,
        "AgentInteractionDuration": 33,
        "ConnectedToAgentTimestamp": "2026-03-12T08:00:49Z",
        "CustomerHoldDuration": 0,
        "HierarchyGroups": None,
        "LongestHoldDuration": 0,
        "NumberOfHolds": 0,
        "RoutingProfile": {
            "ARN": "arn:aws:connect:…/routing-profile/6e16",
            "Name": "Basic",
        },
        "Username": "admin1",
    },
    "AgentConnectionAttempts": 1,
    "Attributes": {"reason": "where_is_my_order", "order_id": "#1001"},
    "Channel": "VOICE",
    "ConnectedToSystemTimestamp": "2026-03-12T08:00:00Z",
    "ContactId": "15a5cf14-3212-45a1-9f86-a8e97db8afaf",
    "CustomerEndpoint": {"Address": "+12025550143", "Type": "TELEPHONE_NUMBER"},
    "DisconnectReason": "CUSTOMER_DISCONNECT",
    "DisconnectTimestamp": "2026-03-12T08:01:22Z",
    "InitialContactId": None,
    "InitiationMethod": "INBOUND",
    "InitiationTimestamp": "2026-03-12T08:00:00Z",
    "InstanceARN": "arn:aws:connect:eu-central-1:123456789012:instance/5f0e",
    "LastUpdateTimestamp": "2026-03-12T08:02:00Z",
    "MediaStreams": [{"Type": "AUDIO"}],
    "NextContactId": None,
    "PreviousContactId": None,
    "Queue": {
        "ARN": "arn:aws:connect:eu-central-1:123456789012:instance/5f0e/queue/aa11",
        "DequeueTimestamp": "2026-03-12T08:00:49Z",
        "Duration": 37,
        "EnqueueTimestamp": "2026-03-12T08:00:12Z",
        "Name": "Service",
    },
    "SystemEndpoint": {"Address": "+18005550100", "Type": "TELEPHONE_NUMBER"},
    "TransferCompletedTimestamp": None,
    "TransferredToEndpoint": None,
    "SomethingAwsAddsNextYear": {"Nested": [1, 2]},
}


def contact(contact_id="c1", **changes):
    """A contact record; a key with a dot changes a nested field."""
    made = copy.deepcopy(CALL) | {"ContactId": contact_id}
    for path, value in changes.items():
        *parents, leaf = path.split(".")
        place = made
        for parent in parents:
            place = place[parent]
        place[leaf] = value
    return made


def ndjson(*records):
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def identifiers(event, type_):
    return [entry for entry in event["identifiers"] if entry["type"] == type_]


def test_a_contact_is_recorded_as_it_came_with_key_version_and_time(recorded):
    result = recorded("connect", {"2026/03/12/ctr.json": ndjson(contact())})
    event = result.events.iloc[0]
    assert event["record_type"] == "contact"
    assert event["record_key"] == "c1"
    assert event["record_version"] == "2026-03-12T08:02:00Z"
    assert event["occurred_at"] == pd.Timestamp("2026-03-12 08:00:00")
    assert json.loads(event["payload"]) == contact()
    assert result.quarantine.empty


def test_plain_and_gzip_files_are_read_alike(recorded):
    files = {
        "a.json": ndjson(contact("plain")),
        "b.gz": gzip.compress(ndjson(contact("packed"))),
    }
    result = recorded("connect", files)
    assert set(result.events["record_key"]) == {"plain", "packed"}


def test_a_record_that_is_delivered_again_counts_once_and_a_changed_one_is_a_later_version(
    recorded,
):
    changed = contact(LastUpdateTimestamp="2026-03-12T10:00:00.500Z")
    result = recorded("connect", {"ctr.json": ndjson(changed, contact(), contact())})
    events = result.events.sort_values("version_rank")
    assert list(events["record_version"]) == [
        "2026-03-12T08:02:00Z",
        "2026-03-12T10:00:00.500Z",
    ]
    assert events["event_id"].nunique() == 2


def test_the_number_of_the_customer_is_the_same_person_however_it_is_written(recorded):
    written = [
        contact("a"),
        contact("b", **{"CustomerEndpoint.Address": "(202) 555-0143"}),
    ]
    events = recorded("connect", {"ctr.json": ndjson(*written)}).events
    hashes = {identifiers(event, "phone")[0]["hash"] for _, event in events.iterrows()}
    assert len(hashes) == 1
    assert None not in hashes


def test_a_withheld_number_is_nobody(recorded):
    withheld = [None, "anonymous", "Anonymous", "+266696687", "Restricted", ""]
    records = [
        contact(f"c{n}", **{"CustomerEndpoint.Address": value}) for n, value in enumerate(withheld)
    ]
    records.append(contact("none", CustomerEndpoint=None))
    result = recorded("connect", {"ctr.json": ndjson(*records)})
    assert len(result.events) == len(records)
    assert not any(identifiers(event, "phone") for _, event in result.events.iterrows())


def test_a_third_party_whom_an_agent_dials_is_not_the_customer(recorded):
    result = recorded(
        "connect", {"ctr.json": ndjson(contact(InitiationMethod="EXTERNAL_OUTBOUND"))}
    )
    assert not identifiers(result.events.iloc[0], "phone")


def test_a_mail_contact_is_known_by_its_address(recorded):
    mail = contact(
        Channel="EMAIL",
        CustomerEndpoint={"Address": "Ann@Example.org", "Type": "EMAIL_ADDRESS"},
    )
    event = recorded("connect", {"ctr.json": ndjson(mail)}).events.iloc[0]
    assert identifiers(event, "email")[0]["hash"]
    assert not identifiers(event, "phone")


def test_every_initiation_method_and_channel_that_aws_documents_passes(recorded):
    from expectations.connect import CHANNELS, INITIATION_METHODS

    records = [
        contact(f"{method}-{channel}", InitiationMethod=method, Channel=channel)
        for method in INITIATION_METHODS
        for channel in CHANNELS
    ]
    result = recorded("connect", {"ctr.json": ndjson(*records)})
    assert len(result.events) == len(records)


def test_bad_records_are_set_aside_with_a_reason_and_the_rest_goes_on(recorded):
    bad = {
        "unknown method": {"InitiationMethod": "TELEPATHY"},
        "unknown channel": {"Channel": "FAX"},
        "no method": {"InitiationMethod": None},
        "wait in words": {"Queue.Duration": "long"},
        "negative hold": {"Agent.CustomerHoldDuration": -5},
        "naive time": {"InitiationTimestamp": "2026-03-12T08:00:00"},
        "far future": {"InitiationTimestamp": "2036-03-12T08:00:00Z"},
        "no version": {"LastUpdateTimestamp": None},
        "version in words": {"LastUpdateTimestamp": "yesterday"},
        "time of another type": {"Agent.ConnectedToAgentTimestamp": 1773302449},
        "due before made": {
            "InitiationMethod": "CALLBACK",
            "ScheduledTimestamp": "2026-03-11T08:00:00Z",
        },
    }
    records = [contact(name, **changes) for name, changes in bad.items()]
    keyless = contact(None)
    content = ndjson(contact("good"), *records, keyless) + b'{"ContactId": "torn\n' + b"[1, 2]\n"
    result = recorded("connect", {"ctr.json": content})
    assert list(result.events["record_key"]) == ["good"]
    reasons = result.quarantine.set_index("record_key")["reason"]
    assert set(bad) <= set(reasons.index)
    assert len(result.quarantine) == len(bad) + 3
    assert "InitiationMethod is not one of" in reasons["unknown method"]
    assert "QueueDuration is not a whole number of seconds" in reasons["wait in words"]
    assert "CustomerHoldDuration" in reasons["negative hold"]
    assert "24 hours in the future" in reasons["far future"]
    assert "ScheduledTimestamp is before" in reasons["due before made"]
    assert all(reasons.notna())


def test_a_truncated_gzip_is_set_aside_alone(recorded):
    whole = gzip.compress(ndjson(*(contact(f"c{n}") for n in range(2000))))
    files = {"cut.gz": whole[: len(whole) // 2], "good.json": ndjson(contact("good"))}
    result = recorded("connect", files)
    assert list(result.events["record_key"]) == ["good"]
    assert [name for name, _ in result.report.refused] == ["cut.gz"]


def test_the_same_file_under_another_name_adds_nothing(recorded):
    recorded("connect", {"a.json": ndjson(contact())})
    result = recorded("connect", {"b.json": ndjson(contact())})
    assert len(result.events) == 1
    assert not result.report.has_news


def test_an_empty_file_costs_nothing(recorded):
    result = recorded("connect", {"empty.json": b"", "good.json": ndjson(contact("good"))})
    assert list(result.events["record_key"]) == ["good"]


def test_no_name_or_number_of_a_person_leaves_the_payload(recorded):
    record = contact(**{"Attributes.email": "ann@example.org"})
    result = recorded("connect", {"ctr.json": ndjson(record)})
    outside = result.events.drop(columns="payload").to_json(date_format="iso")
    assert "2025550143" not in outside
    assert "ann@example.org" not in outside
