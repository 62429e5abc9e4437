"""Journeys and sessions against what others counted: tickets' own counters, sessions as expected.

One log holds the audits of a help desk, the states of another system's tickets with the counters
that it published, clicks with their expected sessions, and an order with a ticket about it. It is
built twice: as the log knew it before the late records came, and whole.
"""

import csv
import io
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.readme import blocks
from tests.warehouse.whole_road import build_log, land, record_all

START = datetime(2026, 3, 2, 9)
RECORDED = datetime(2026, 5, 1)
LATE = datetime(2026, 5, 10)
TICKETS = 60
SELECT = ("+int_journeys", "+int_journey_moves", "+int_web_steps")

# The audit log of an incident system, by the example that the README gives.
STATES = next(block.text for block in blocks() if "sys_mod_count" in block.text)
CLICKS = """
files: "*.csv"
time_zone: UTC
key: id
customer: user
identifiers: [{type: cookie, column: device}]
interactions:
  - {occurred_at: at, channel: {value: web}, touchpoint: page, kind: {value: viewed}}
"""
SHOP = """
time_zone: UTC
records:
  orders:
    files: "orders*.csv"
    key: id
    customer: who
    interactions:
      - {occurred_at: at, channel: {value: web}, touchpoint: {value: web.checkout}, kind: kind,
         subject: {type: order, key: order}}
  calls:
    files: "calls*.csv"
    key: id
    customer: who
    interactions:
      - {occurred_at: at, channel: {value: phone}, touchpoint: {value: phone.service},
         conversation: call, subject: {type: order, key: order}}
"""
SHOP_FILES = {
    "orders.csv": """id,at,who,kind,order
o1,2026-03-02 10:00,ann,ordered,77
o2,2026-03-05 10:00,ann,delivered,77
o3,2026-03-02 11:00,bob,ordered,78
o4,2026-03-04 11:00,bob,delivered,78
o5,2026-04-28 11:00,cyd,ordered,79
""",
    "calls.csv": """id,at,who,call,order
c1,2026-03-06 09:00,ann,k1,
c2,2026-03-06 09:10,ann,k1,77
c3,2026-03-01 09:00,ann,k2,
c4,2026-04-29 09:00,dan,k3,
""",
}
LATE_FILES = {
    # before the first step of a journey by silence, and a step on an order that was closed
    "calls_late.csv": "id,at,who,call,order\nl1,2026-02-27 09:00,ann,k9,\n",
    "orders_late.csv": "id,at,who,kind,order\nl2,2026-03-03 09:00,bob,revised,78\n",
}


def help_desk(draw: random.Random) -> tuple[str, dict[str, tuple[int, int]]]:
    """Zendesk tickets with audits, and the counters of each as its export publishes them:
    (reopens, assignee_stations - 1 + group_stations - 1, a change of both in one audit once)."""
    records, counters, audit_id = [], {}, 0
    for number in range(1, TICKETS + 1):
        at = START + timedelta(hours=number)
        state = {"status": "new", "assignee_id": "11", "group_id": "21"}
        opened = stamp(at)
        ticket = {
            "id": number,
            "requester_id": 9000 + number,
            "submitter_id": 9000 + number,
            "subject": "help",
            "created_at": opened,
            "via": {"channel": "email"},
        }
        reopens = moves = 0
        for _ in range(draw.randrange(9)):
            at += timedelta(minutes=draw.randrange(1, 5000))
            audit_id += 1
            events, has_moved = [], False
            if draw.random() < 0.6:
                options = {
                    "new": ["open", "pending"],
                    "open": ["pending", "solved"],
                    "pending": ["open", "solved"],
                    "solved": ["open", "pending", "closed"],
                    "closed": ["closed"],
                }[state["status"]]
                events.append(change(state, "status", draw.choice(options)))
                before, after = events[-1]["previous_value"], events[-1]["value"]
                reopens += before == "solved" and after != "closed"
            for field, choices in (("assignee_id", "12 13 14"), ("group_id", "22 23")):
                if draw.random() < 0.3:
                    value = draw.choice([v for v in choices.split() if v != state[field]])
                    events.append(change(state, field, value))
                    has_moved = True
            moves += has_moved
            events.append({"id": audit_id * 100, "type": "Comment", "public": False, "body": "x"})
            records.append(
                {
                    "id": audit_id,
                    "ticket_id": number,
                    "created_at": stamp(at),
                    "author_id": 5,
                    "via": {"channel": "web"},
                    "events": events,
                }
            )
        ticket |= {"status": state["status"], "updated_at": stamp(at)}
        ticket["generated_timestamp"] = int(at.replace(tzinfo=UTC).timestamp())
        records.append(ticket)
        counters[str(number)] = (reopens, moves)
    draw.shuffle(records)
    return "\n".join(json.dumps(record) for record in records), counters


def change(state: dict[str, str], field: str, value: str) -> dict[str, object]:
    """A change of a field, as an audit writes it."""
    before, state[field] = state[field], value
    return {"type": "Change", "field_name": field, "value": value, "previous_value": before}


def stamp(at: datetime) -> str:
    """A time as Zendesk writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def incidents(draw: random.Random) -> tuple[str, dict[str, tuple[int, int]]]:
    """The audit log of an incident system: a row per update with the state after it, to the minute,
    and the counters that the system published: (reopen_count, reassignment_count), the second of
    groups alone, as ServiceNow counts."""
    rows, counters = [], {}
    for number in range(TICKETS):
        at = START + timedelta(hours=number)
        state, group, person, reopens, moves = "New", "", "", 0, 0
        updates = draw.randrange(1, 25)
        for update in range(updates):
            rows.append(
                (
                    f"INC{number}",
                    update,
                    f"caller{number}",
                    f"{at.day}/{at.month}/{at:%Y %H:%M}",
                    state,
                    group or "?",
                    person or "?",
                    reopens,
                    moves,
                )
            )
            # many within one minute; the last is later than all, for a status goes by times
            pause = draw.randrange(1, 4000)
            at += timedelta(minutes=pause if update == updates - 2 else draw.choice([0, 0, pause]))
            was_done = state in ("Resolved", "Closed")
            state = draw.choice(["Active", "Awaiting User Info", "Resolved", "Closed", state])
            reopens += was_done and state not in ("Resolved", "Closed")
            new_group = draw.choice([group, group, f"group{draw.randrange(3)}"])
            new_person = draw.choice([person, person, f"person{draw.randrange(3)}"])
            moves += bool(group and new_group != group)
            group, person = new_group, new_person
        counters[f"INC{number}"] = (rows[-1][-2], rows[-1][-1])
    draw.shuffle(rows)
    said = io.StringIO()
    writer = csv.writer(said)
    writer.writerow(
        ["number", "sys_mod_count", "caller_id", "sys_updated_at", "incident_state",
         "assignment_group", "assigned_to", "reopen_count", "reassignment_count"]
    )  # fmt: skip
    writer.writerows(rows)
    return said.getvalue(), counters


def clicks(draw: random.Random) -> tuple[str, str, dict[str, int]]:
    """Clicks in two files, the second landing late, and the expected session of each by number."""
    rows, expected, session = [], {}, 0
    for user in range(12):
        for device in range(2):
            # midnights fall into sessions, for the first click is shortly before one
            at = datetime(2026, 3, 2, 23, 40) + timedelta(minutes=draw.randrange(20))
            session += 1
            for _ in range(25):
                gap = draw.choice([1, 60, 600, 1799, 1800, 1801, 7200])
                at += timedelta(seconds=gap)
                session += gap > 1800
                name = f"{len(rows)}"
                rows.append((name, at, f"user{user}", f"device{user}.{device}", "web.page"))
                expected[name] = session
    draw.shuffle(rows)
    texts = []
    for part in (rows[:400], rows[400:]):
        said = io.StringIO()
        csv.writer(said).writerows([("id", "at", "user", "device", "page"), *part])
        texts.append(said.getvalue())
    return texts[0], texts[1], expected


@pytest.fixture(scope="module")
def told() -> dict[str, dict]:
    """What the exports say of themselves, by name."""
    return {}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, told: dict[str, dict]) -> Path:
    """A log of all of it, the late records in batches of their own."""
    root = tmp_path_factory.mktemp("journeys")
    draw = random.Random(20260302)
    audits, told["audits"] = help_desk(draw)
    states, told["states"] = incidents(draw)
    early, late, told["sessions"] = clicks(draw)
    files = {f"shop/{name}": text for name, text in SHOP_FILES.items()}
    files |= {
        "zendesk/export.ndjson": audits,
        "incidents/mapping.yml": STATES,
        "incidents/log.csv": states,
        "clicks/mapping.yml": CLICKS,
        "clicks/a.csv": early,
        "shop/mapping.yml": SHOP,
    }
    land(root, files)
    record_all(root, RECORDED)
    land(root, {"clicks/b.csv": late, **{f"shop/{k}": v for k, v in LATE_FILES.items()}})
    record_all(root, LATE)
    return root


@pytest.fixture(scope="module")
def before(root: Path) -> dict[str, list[tuple]]:
    """Steps and sessions as they were before the late records came."""
    with build_log(root, {"known_at": "2026-05-02 00:00:00"}, SELECT) as connection:
        return placed(connection)


@pytest.fixture(scope="module")
def built(root: Path, before: dict[str, list[tuple]]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The whole log, built."""
    with build_log(root, None, SELECT) as connection:
        yield connection


def placed(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    """Which interaction is in which journey, and in which session, with its source and key."""
    return {
        table: connection.execute(
            f"select source, record_key, {named}, customer_id from {table} "
            + ("join int_journey_steps using (interaction_id, customer_id) " if joined else "")
            + "order by all"
        ).fetchall()
        for table, named, joined in (
            ("int_journey_steps", "journey_id", False),
            ("int_web_steps", "session_id", True),
        )
    }


def counted(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, tuple[int, int]]:
    """(reopen_count, reassignment_count) of each ticket of a source."""
    rows = connection.execute(
        """
        select distinct
            steps.subject_key, coalesce(reopen_count, 0), coalesce(reassignment_count, 0)
        from int_journey_steps as steps
        left join int_journey_moves as moves on steps.journey_id = moves.journey_id
        where source = ?
        """,
        [source],
    ).fetchall()
    assert len(rows) == TICKETS
    return {key: (reopens, moves) for key, reopens, moves in rows}


def test_reopenings_and_reassignments_equal_the_counters_of_the_audited_tickets(
    built: duckdb.DuckDBPyConnection, told: dict[str, dict]
):
    assert counted(built, "zendesk") == told["audits"]
    assert sum(reopens for reopens, _ in told["audits"].values()) > 10


def test_reopenings_and_reassignments_equal_the_counters_of_a_log_of_states(
    built: duckdb.DuckDBPyConnection, told: dict[str, dict]
):
    assert counted(built, "incidents") == told["states"]
    assert sum(moves for _, moves in told["states"].values()) > 50


def test_a_ticket_that_was_reopened_last_is_reopened(built: duckdb.DuckDBPyConnection):
    wrong = built.execute(
        """
        with last as (
            select journey_id, arg_max(kind, step_number) as kind, bool_or(kind = 'solved'
                or kind = 'closed') as was_closed
            from int_journey_steps where source = 'incidents' group by all
        )
        select kind, was_closed, status from last join int_journeys using (journey_id)
        where (kind in ('solved', 'closed') and status != 'closed')
            or (was_closed and kind not in ('solved', 'closed') and status != 'reopened')
        """
    ).fetchall()
    assert wrong == []


def test_sessions_are_those_expected_across_midnight_files_and_late_clicks(
    built: duckdb.DuckDBPyConnection, told: dict[str, dict]
):
    rows = built.execute(
        "select record_key, session_id from int_web_steps "
        "join int_journey_steps using (interaction_id) where source = 'clicks'"
    ).fetchall()
    assert len(rows) == len(told["sessions"])
    pairs = {(told["sessions"][key], session) for key, session in rows}
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs})


def test_a_ticket_call_that_names_an_order_on_one_leg_joins_the_journey_of_the_order(
    built: duckdb.DuckDBPyConnection,
):
    rows = dict(
        built.execute(
            "select record_key, journey_id from int_journey_steps where source = 'shop'"
        ).fetchall()
    )
    assert rows["c1"] == rows["c2"] == rows["o1"] == rows["o2"]
    assert len({rows["o1"], rows["o3"], rows["c3"], rows["c4"]}) == 4


def test_late_records_change_journeys_of_their_own_customers_alone_and_rename_nothing(
    before: dict[str, list[tuple]], built: duckdb.DuckDBPyConnection
):
    now = placed(built)
    was, is_now = (
        {row[:2]: row[2:] for row in told["int_journey_steps"]} for told in (before, now)
    )
    assert {key: is_now[key] for key in was} == was
    assert {key for key in is_now if key not in was} >= {("shop", "l1"), ("shop", "l2")}
    assert is_now["shop", "l1"][0] == was["shop", "c3"][0]
    assert is_now["shop", "l2"][0] == was["shop", "o3"][0]
    # a session keeps its name unless late clicks bridge it to one that the log knew before it
    known = {row[:2]: row[2] for row in before["int_web_steps"]}
    names = {row[:2]: row[2] for row in now["int_web_steps"]}
    assert {names[key] for key in known} <= set(known.values())
