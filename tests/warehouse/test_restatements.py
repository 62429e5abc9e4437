"""A figure that changed because of a later recorded event names that event.

One log is built as it was known at two times. What differs, and why: a record that came late, a
version that moved a due date, a login that tied two customers together.
"""

from datetime import datetime

import pytest

from serving.compare import Restated, restated
from tests.warehouse.whole_road import build_log, land, record_all, settings_of

THEN = datetime(2026, 4, 1)
LATER = datetime(2026, 4, 20)
KNOWN_AT = "2026-04-02 00:00:00"
SELECT = (
    "+fct_friction",
    "+fct_interactions",
    "+fct_promises",
    "+fct_journeys",
    "+dim_customers",
    "+customer_id_map",
)
DESK = """
files: "*.csv"
time_zone: UTC
key: id
version: {column: told, type: time}
identifiers: [{type: email, column: mail}]
interactions:
  - {occurred_at: at, kind: {value: ordered}, channel: {value: phone},
     touchpoint: {value: phone.service}, subject: {type: order, key: order},
     promise: {value: made}, promise_kind: {value: pickup}, promise_id: order, due_at: due}
"""
CRM = """
files: "*.csv"
time_zone: UTC
key: id
identifiers: [{type: email, column: mail}, {type: phone, column: phone}]
interactions:
  - {occurred_at: at, channel: {value: phone}, touchpoint: {value: phone.service},
     signal: {value: contact.problem}, issue: issue}
"""
ORDER = "id,told,mail,at,order,due\nr2,{},moved@x.example,2026-03-01 09:00,o2,{}\n"
HEADER = "id,mail,phone,at,issue\n"
FIRST = HEADER + "\n".join(
    (
        "r1,late@x.example,,2026-03-05 09:00,i1",
        "r3,one@x.example,,2026-03-01 09:00,i3",
        "r4,,+14155550133,2026-03-02 09:00,i4",
        "r5,same@x.example,,2026-03-01 09:00,i5",
        "r6,same@x.example,,2026-03-02 09:00,i5",
    )
)
SECOND = HEADER + "\n".join(
    (
        # before the other, which becomes a repeat of it
        "r1b,late@x.example,,2026-03-02 09:00,i1",
        "r7,one@x.example,+14155550133,2026-03-20 09:00,i6",
    )
)
FILES = {
    THEN: {
        "desk/mapping.yml": DESK,
        "desk/a.csv": ORDER.format("2026-03-01 09:00", "2026-03-05 12:00"),
        "crm/mapping.yml": CRM,
        "crm/a.csv": FIRST,
    },
    LATER: {
        "desk/b.csv": ORDER.format("2026-03-04 09:00", "2026-03-25 12:00"),
        "crm/b.csv": SECOND,
    },
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Restated]:
    """What differs between the log as known then, and now."""
    root = tmp_path_factory.mktemp("restated")
    for now, files in FILES.items():
        land(root, files)
        record_all(root, now)
    as_of = {"as_of": "2026-04-01 00:00:00"}
    was = root / "was.duckdb"
    build_log(root, as_of | {"known_at": KNOWN_AT}, SELECT).close()
    (root / "warehouse.duckdb").rename(was)
    build_log(root, as_of, SELECT).close()
    return restated(was, root / "warehouse.duckdb", settings_of(root).log, KNOWN_AT)


def test_every_changed_figure_names_an_event_recorded_later(found: list[Restated]):
    assert found
    for each in found:
        assert each.event_id and each.recorded_at == LATER, each


def test_a_late_record_is_named_by_its_own_line_and_by_the_repeat_that_it_made(
    found: list[Restated],
):
    lines = {each.key: each for each in found if each.table == "fct_friction"}
    own = lines["crm r1b 0 contact.problem base"]
    assert own.because == "the event itself was recorded later"
    repeat = lines["crm r1 0 contact.problem repeat"]
    assert (repeat.was, repeat.event_id) == (None, own.event_id)
    assert repeat.because == "it is on the same issue"
    caused = {(each.table, each.field) for each in found if each.event_id == own.event_id}
    assert caused >= {("fct_journeys", "step_count"), ("dim_customers", "score")}


def test_a_changed_version_is_named_by_the_promise_that_it_moved(found: list[Restated]):
    promise = {each.field: each for each in found if each.table == "fct_promises"}
    assert promise["due_at"].was == "2026-03-05 12:00:00"
    assert promise["due_at"].now == "2026-03-25 12:00:00"
    silences = [each for each in found if "promise.silence" in each.key]
    assert silences and {each.event_id for each in silences} == {promise["due_at"].event_id}


def test_lines_of_a_customer_who_came_to_be_another_name_the_event_that_tied_them(
    found: list[Restated],
):
    lines = [each for each in found if each.table == "fct_friction"]
    moved = [each for each in lines if each.field == "customer_id" and each.was and each.now]
    assert moved
    assert {each.because for each in moved} == {"it tied identifiers to one customer"}
    assert len({each.event_id for each in moved}) == 1


def test_who_was_not_concerned_is_not_there(found: list[Restated]):
    assert not any(" r5 " in each.key or " r6 " in each.key for each in found)
