"""Appointments on the real road: a status is a version, a slot needs a zone, bad rows go aside."""

HEADER = (
    "appointment_id,customer_email,customer_phone,location_id,created_at,created_by,start_at,"
    "end_at,status,status_at,reschedule_of,requested_by"
)
BOOKED = (
    "A1,Ann@Shop.example,+390212345678,milan,2026-03-01T10:00:00Z,online,"
    "2026-03-05T09:00:00+01:00,2026-03-05T09:30:00+01:00,booked,2026-03-01T10:00:00Z,,customer"
)
SERVED = BOOKED.replace("booked,2026-03-01T10:00:00Z", "served,2026-03-05T08:31:00Z")


def book(*rows: str) -> dict[str, bytes]:
    return {"2026-03.csv": "\n".join([HEADER, *rows, ""]).encode()}


def test_each_status_is_a_version_of_the_appointment(recorded):
    events = recorded("appointments", book(BOOKED, SERVED, BOOKED)).events

    assert set(events["record_key"]) == {"A1"}
    assert events["event_id"].nunique() == 2
    latest = events.sort_values("version_rank").iloc[-1]
    assert latest["occurred_at"].isoformat() == "2026-03-05T08:31:00"
    assert {i["type"] for i in latest["identifiers"]} == {"email", "phone"}


def test_a_slot_far_ahead_is_no_time_in_the_future(recorded):
    far = BOOKED.replace("2026-03-05", "2028-03-05")

    assert len(recorded("appointments", book(far)).events) == 1


def test_a_slot_without_a_zone_is_refused(recorded):
    run = recorded("appointments", book(BOOKED.replace("09:00:00+01:00", "09:00:00")))

    assert run.events.empty
    assert "JOURNEYS_STORE_ZONE" in run.quarantine["reason"].iloc[0]


def test_bad_appointments_are_set_aside_alone_each_with_its_reason(recorded):
    rows = (
        BOOKED,
        BOOKED.replace("booked", "maybe").replace("A1,", "A2,"),
        BOOKED.replace(",customer", ",boss").replace("A1,", "A3,"),
        BOOKED.replace("09:30:00+01:00", "08:30:00+01:00").replace("A1,", "A4,"),
        BOOKED.replace("A1,", ",", 1),
        BOOKED.replace("booked,2026-03-01T10:00:00Z", "booked,yesterday").replace("A1,", "A5,"),
    )

    run = recorded("appointments", book(*rows))

    assert list(run.events["record_key"]) == ["A1"]
    assert len(run.quarantine) == 5
    reasons = " | ".join(run.quarantine["reason"])
    for words in (
        "status is none of",
        "neither customer nor company",
        "ends before",
        "no key",
        "time",
    ):
        assert words in reasons
