"""Zendesk exports become events: pages, lines, versions, people, and what is wrong with them."""

import json

TICKET = {
    "id": 35436,
    "created_at": "2026-03-02T08:00:00Z",
    "updated_at": "2026-03-03T09:00:00Z",
    "generated_timestamp": 1772528400,
    "status": "open",
    "subject": "Order #1001: where is it?",
    "requester_id": 20978392,
    "submitter_id": 20978392,
    "via": {"channel": "email", "source": {"from": {"address": "ann@example.com"}, "rel": None}},
    "tags": ["order_1001"],
}
AUDIT = {
    "id": 2127301143,
    "ticket_id": 35436,
    "created_at": "2026-03-02T08:00:00Z",
    "author_id": 20978392,
    "events": [{"id": 1, "type": "Comment", "body": "Where is it?", "public": True}],
    "via": {"channel": "email"},
}
METRIC_EVENT = {
    "id": 926256957613,
    "ticket_id": 35436,
    "metric": "reply_time",
    "instance_id": 1,
    "type": "breach",
    "time": "2026-03-03T08:00:00Z",
    "deleted": False,
}
USER = {
    "id": 20978392,
    "role": "end-user",
    "email": "Ann@Example.com",
    "phone": "+14155550100",
    "shared_phone_number": False,
    "external_id": "u-77",
    "created_at": "2026-01-05T00:00:00Z",
    "updated_at": "2026-02-05T00:00:00Z",
}
RATING = {
    "id": 62,
    "ticket_id": 35436,
    "requester_id": 20978392,
    "score": "offered",
    "created_at": "2026-03-04T08:00:00Z",
    "updated_at": "2026-03-04T08:00:00Z",
}


def lines(*records: object) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def people(row) -> set[str]:
    return {entry["type"] for entry in row["identifiers"] if entry["hash"]}


def test_a_page_over_many_lines_gives_its_records_and_those_loaded_beside_them(recorded):
    page = {"tickets": [TICKET], "users": [USER], "after_cursor": "MTU3", "end_of_stream": True}
    log = recorded("zendesk", {"tickets.json": json.dumps(page, indent=2).encode()})
    assert sorted(log.events["record_type"]) == ["ticket", "user"]
    assert log.quarantine.empty


def test_lines_may_be_records_or_whole_pages(recorded):
    content = lines(
        AUDIT,
        {"audits": [AUDIT | {"id": 2}, AUDIT | {"id": 3}], "next_page": None},
        {"ticket_metric_events": [METRIC_EVENT], "count": 1},
        {"satisfaction_ratings": []},
    )
    log = recorded("zendesk", {"everything.ndjson": content})
    assert sorted(log.events["record_type"]) == [*["ticket_audit"] * 3, "ticket_metric_event"]


def test_a_ticket_exported_again_is_a_new_version_and_the_same_export_is_none(recorded):
    solved = TICKET | {"status": "solved", "generated_timestamp": 1772532000}
    log = recorded(
        "zendesk", {"monday.ndjson": lines(TICKET), "tuesday.ndjson": lines(TICKET, solved)}
    )
    assert log.events["record_key"].tolist() == ["35436", "35436"]
    assert log.events["version_rank"].nunique() == 2
    assert str(log.events["occurred_at"][0]) == "2026-03-02 08:00:00"


def test_a_breach_that_is_taken_back_is_a_later_version(recorded):
    content = lines(METRIC_EVENT, METRIC_EVENT | {"deleted": True})
    log = recorded("zendesk", {"metric_events.ndjson": content})
    assert sorted(log.events["version_rank"]) == [0, 1]


def test_a_rating_given_later_is_a_later_version_of_the_offer(recorded):
    given = RATING | {"score": "bad", "updated_at": "2026-03-05T10:00:00Z"}
    log = recorded("zendesk", {"ratings.ndjson": lines(RATING, given)})
    assert sorted(str(at) for at in log.events["occurred_at"]) == [
        "2026-03-04 08:00:00",
        "2026-03-05 10:00:00",
    ]


def test_a_customer_is_named_by_user_number_mail_phone_and_the_companys_own_id(recorded):
    log = recorded("zendesk", {"users.ndjson": lines(USER)})
    assert people(log.events.iloc[0]) == {"zendesk_user", "email", "phone", "user_id"}


def test_a_shared_phone_number_and_an_agent_name_nobody(recorded):
    shared = USER | {"shared_phone_number": True}
    agent = USER | {"id": 5, "role": "agent"}
    log = recorded("zendesk", {"users.ndjson": lines(shared, agent)})
    found = {row["record_key"]: people(row) for _, row in log.events.iterrows()}
    assert found == {"20978392": {"zendesk_user", "email", "user_id"}, "5": set()}


def test_a_mail_forwarded_by_an_agent_does_not_make_the_agent_the_requester(recorded):
    source = {"from": {"address": "agent1@company.example"}, "rel": None}
    forwarded = TICKET | {"via": {"channel": "email", "source": source}}
    log = recorded("zendesk", {"tickets.ndjson": lines(forwarded)})
    assert people(log.events.iloc[0]) == {"zendesk_user"}


def test_an_audit_names_nobody_because_its_author_may_be_an_agent(recorded):
    log = recorded("zendesk", {"audits.ndjson": lines(AUDIT)})
    assert people(log.events.iloc[0]) == set()


def test_bad_records_are_set_aside_with_a_reason_and_the_others_pass(recorded):
    content = lines(
        TICKET,
        TICKET | {"id": 2, "status": "melted"},
        TICKET | {"id": "abc"},
        AUDIT | {"id": 4, "created_at": "2026-03-02 08:00:00"},
        METRIC_EVENT | {"id": 5, "type": "explode"},
        USER | {"role": "robot"},
        RATING | {"score": 7},
        AUDIT | {"id": 6, "events": "none"},
        {"hello": "world"},
    )
    log = recorded("zendesk", {"mixed.ndjson": content + b'{"id": 7, "created_at": \n'})
    assert log.events["record_key"].tolist() == ["35436"]
    reasons = " | ".join(log.quarantine["reason"])
    for said in (
        "the ticket's status",
        "the ticket's id",
        "without a time zone",
        "the metric event's type",
        "the user's role",
        "the rating's score",
        "events are not a list",
        "no record type of zendesk",
        "not a JSON object",
    ):
        assert said in reasons
    assert len(log.quarantine) == 9


def test_a_document_that_breaks_off_is_set_aside_alone(recorded):
    page = json.dumps({"tickets": [TICKET]}, indent=2).encode()
    log = recorded("zendesk", {"broken.json": page[:-20], "whole.json": page})
    assert len(log.events) == 1
    assert len(log.quarantine) == 1
