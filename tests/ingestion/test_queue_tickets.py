"""Queue tickets on the real road: keys, versions, zones, and what is set aside."""

import json

HEADER = (
    "ticket_no,location_id,service,taken_at,called_at,served_at,ended_at,outcome,phone,loyalty_id"
)
SERVED = (
    "A017,milan,returns,2026-03-02T09:00:00+01:00,2026-03-02T09:11:00+01:00,"
    "2026-03-02T09:12:00+01:00,2026-03-02T09:20:00+01:00,served,+390212345678,L-100"
)


def tickets(*rows: str) -> dict[str, bytes]:
    return {"2026-03.csv": "\n".join([HEADER, *rows, ""]).encode()}


def test_a_ticket_is_keyed_by_place_number_and_day_and_dated_by_its_latest_time(recorded):
    (event,) = recorded("queue_tickets", tickets(SERVED)).events.to_dict("records")

    assert event["record_key"] == "milan/A017/2026-03-02"
    assert event["occurred_at"].isoformat() == "2026-03-02T08:20:00"
    assert {i["type"] for i in event["identifiers"]} == {"phone", "loyalty_id"}
    assert all(i["hash"] for i in event["identifiers"])
    assert json.loads(event["payload"])["outcome"] == "served"


def test_the_same_number_on_another_day_or_in_another_place_is_another_ticket(recorded):
    rows = (SERVED, SERVED.replace("2026-03-02", "2026-03-03"), SERVED.replace("milan", "rome"))

    assert recorded("queue_tickets", tickets(*rows)).events["record_key"].nunique() == 3


def test_a_ticket_exported_while_waiting_and_again_when_done_is_two_versions_of_one_record(
    recorded,
):
    waiting = "A017,milan,returns,2026-03-02T09:00:00+01:00,,,,,,"

    events = recorded("queue_tickets", tickets(waiting, SERVED, SERVED)).events

    assert set(events["record_key"]) == {"milan/A017/2026-03-02"}
    assert events["event_id"].nunique() == 2
    assert (
        events.sort_values("version_rank")["payload"].iloc[-1]
        == events[events["payload"].str.contains('served_at":"2026')]["payload"].iloc[-1]
    )


def test_a_time_without_offset_is_refused_unless_the_zone_of_the_stores_is_declared(recorded):
    naive = SERVED.replace("+01:00", "")

    run = recorded("queue_tickets", tickets(naive))

    assert run.events.empty
    assert len(run.quarantine) == 1
    assert "time zone" in run.quarantine["reason"].iloc[0]


def test_with_a_declared_zone_a_naive_time_is_local_and_the_record_says_so(
    recorded, settings, monkeypatch
):
    monkeypatch.setenv("JOURNEYS_STORE_ZONE", "Europe/Rome")
    from ingestion.settings import Settings
    from ingestion.sources import find

    naive = SERVED.replace("+01:00", "").replace("2026-03-02", "2026-07-02")
    (event,) = recorded(
        find("queue_tickets", Settings.read("test")), tickets(naive)
    ).events.to_dict("records")

    assert event["occurred_at"].isoformat() == "2026-07-02T07:20:00"
    assert json.loads(event["payload"])["__zone"] == "Europe/Rome"


def test_an_hour_that_the_clocks_repeat_is_flagged(recorded, monkeypatch, settings):
    monkeypatch.setenv("JOURNEYS_STORE_ZONE", "Europe/Rome")
    from ingestion.settings import Settings
    from ingestion.sources import find

    night = "A001,milan,info,2025-10-26T02:30:00,,,2025-10-26T02:40:00,left,,"
    (event,) = recorded(
        find("queue_tickets", Settings.read("test")), tickets(night)
    ).events.to_dict("records")

    assert list(event["flags"]) == ["ambiguous_local_time"]


def test_bad_tickets_are_set_aside_alone_each_with_its_reason(recorded):
    rows = (
        SERVED,
        SERVED.replace("served", "eaten").replace("A017", "A018"),
        SERVED.replace("09:12:00", "08:59:00").replace("A017", "A019"),
        SERVED.replace("milan", ""),
        SERVED.replace("2026-03-02T09:12:00+01:00", "").replace("A017", "A020"),
        SERVED.replace("2026-03-02T09:11:00+01:00", "soon").replace("A017", "A021"),
    )

    run = recorded("queue_tickets", tickets(*rows))

    assert list(run.events["record_key"]) == ["milan/A017/2026-03-02"]
    reasons = " | ".join(run.quarantine["reason"])
    assert len(run.quarantine) == 5
    for words in (
        "outcome is none of",
        "run backwards",
        "no key",
        "served_at is empty",
        "unreadable",
    ):
        assert words in reasons


def test_a_walk_in_has_no_identifier_and_a_number_that_is_none_keeps_its_problem(recorded):
    rows = (SERVED.replace("+390212345678,L-100", ","), SERVED.replace("+390212345678", "none"))

    events = recorded("queue_tickets", tickets(rows[0], rows[1].replace("A017", "A018"))).events

    walk_in, mistyped = (list(i) for i in events.sort_values("record_key")["identifiers"])
    assert walk_in == []
    assert [(i["type"], i["hash"] is None) for i in mistyped] == [
        ("phone", True),
        ("loyalty_id", False),
    ]
