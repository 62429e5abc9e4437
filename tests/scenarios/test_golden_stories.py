"""The golden stories on the whole road: made-up exports → gate → log → every model, built once.

Each story is some customers of one log. The car comes twice: as one system's plain rows, and as
the records that a dealer's table, the telephony, the mail server and the book of appointments
would hold. Points are worked out by hand beside each list.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from ingestion.quarantine import Quarantine
from serving.explain import customer as explain_customer
from serving.explain import journey as explain_journey
from serving.explain import promise as explain_promise
from serving.explain.parts import Release
from serving.explain.stories import with_internal_customers
from tests.ingestion.test_connect import contact
from tests.ingestion.test_shopify import FULFILLMENT_ORDER, ORDER
from tests.warehouse.promise_world import rows_of
from tests.warehouse.whole_road import build_log, land, record_all, settings_of

NOW = datetime(2026, 7, 1, 12)
AS_OF = "2026-06-01 12:00:00"
DEALER = """
files: "*.csv"
time_zone: UTC
key: id
customer: who
identifiers:
  - {type: email, column: mail}
  - {type: phone, column: phone}
interactions:
  - occurred_at: at
    kind: kind
    direction: direction
    channel: channel
    touchpoint: place
    subject: {type: order, key: car}
    delivered: delivered
    outcome: outcome
    promise: promise
    promise_kind: {value: pickup}
    promise_id: promise_id
    due_at: due
    needs_notice: {value: true}
"""
DEALER_HEADER = (
    "id,who,mail,phone,at,kind,direction,channel,place,car,delivered,outcome,promise,promise_id,due"
)
SIGNALS = """
files: "*.csv"
time_zone: UTC
key: event_id
customer: customer
interactions:
  - {occurred_at: occurred_at, channel: channel, touchpoint: touchpoint, signal: signal,
     issue: issue, phase: phase, moment_of_truth: moment_of_truth,
     context_carried: context_carried, measure: measure, promise_id: promise_id, due_at: due_at}
"""
SIGNALS_HEADER = (
    "event_id,customer,occurred_at,channel,touchpoint,signal,issue,phase,moment_of_truth,"
    "context_carried,measure,promise_id,due_at"
)
NOBODY_TELLS = """\
1,{who},,,2026-02-20 10:00,ordered,inbound,store,store.sale,{car},,,made,{car},2026-03-10
2,{who},,,2026-03-10 15:00,noted,internal,,store.yard,{car},,,kept_internally,{car},
3,{who},,,2026-03-12 09:00,contacted,inbound,phone,phone.sales,{car},,callback_promised,,,
4,{who},,,2026-03-30 17:00,replied,outbound,email,email.sales,{car},,,,,
5,{who},,,2026-03-31 09:00,collected,inbound,store,store.handover,{car},,,kept,{car},
"""
MOVED_TO_THE_TWENTIETH = """\
1,{who},,,2026-02-20 10:00,ordered,inbound,store,store.sale,{car},,,made,{car},2026-03-10
2,{who},,,2026-03-09 10:00,noted,internal,,store.yard,{car},,,revised,{car},2026-03-20
3,{who},,,2026-03-09 10:00,notified,outbound,email,email.sales,{car},{delivered},,,,
4,{who},,,2026-03-18 10:00,noted,internal,,store.yard,{car},,,kept_internally,{car},
5,{who},,,2026-03-18 10:00,{kind},outbound,email,email.sales,{car},,,,,
"""


def table(header: str, *bodies: str) -> str:
    """A CSV of the given rows."""
    return "\n".join([header, *(line for body in bodies for line in body.splitlines() if line), ""])


def own_ids(story: str, body: str) -> str:
    """The same rows under keys of the story's own."""
    return "\n".join(f"{story}-{line}" for line in body.splitlines() if line)


def cars() -> dict[str, str | bytes]:
    """The car, told in time, bounced; and the car in four systems."""
    rows = [
        own_ids("car", NOBODY_TELLS.format(who="car", car="C1")),
        own_ids(
            "told",
            MOVED_TO_THE_TWENTIETH.format(who="told", car="C2", delivered="", kind="notified"),
        ),
        own_ids(
            "bounced",
            MOVED_TO_THE_TWENTIETH.format(who="bounced", car="C3", delivered="no", kind="replied"),
        ),
        # What the dealer's own table knows of the car in four systems: no call, mail or slot.
        "real-1,real,rita@example.com,+12025550190,2026-02-20 10:00,ordered,inbound,store,"
        "store.sale,7001,,,made,C4,2026-03-10",
        "real-2,real,,,2026-03-10 15:00,noted,internal,,store.yard,7001,,,kept_internally,C4,",
        "real-3,real,,,2026-03-31 09:00,collected,inbound,store,store.handover,7001,,,kept,C4,",
    ]
    call = contact(
        "the-chase",
        InitiationTimestamp="2026-03-12T09:00:00Z",
        ConnectedToSystemTimestamp="2026-03-12T09:00:00Z",
        DisconnectTimestamp="2026-03-12T09:04:00Z",
        LastUpdateTimestamp="2026-03-12T09:05:00Z",
        Attributes={"order_id": "#7001", "outcome": "callback_promised"},
        **{
            "CustomerEndpoint.Address": "+12025550190",
            "Agent.ConnectedToAgentTimestamp": "2026-03-12T09:00:30Z",
            "Agent.AgentInteractionDuration": 200,
            "Queue.EnqueueTimestamp": "2026-03-12T09:00:10Z",
            "Queue.DequeueTimestamp": "2026-03-12T09:00:30Z",
            "Queue.Duration": 20,
        },
    )
    mail = (
        b"From sales@company.example Mon Mar 30 17:00:00 2026\n"
        b"Message-ID: <slot@company.example>\n"
        b"Date: Mon, 30 Mar 2026 17:00:00 +0000\n"
        b"From: Sales <sales@company.example>\nTo: rita@example.com\n"
        b"Subject: Order #7001: 9am tomorrow?\n\nCome and fetch it.\n\n"
    )
    booked = (
        "S1,rita@example.com,+12025550190,yard,2026-03-30T17:00:00Z,staff,2026-03-31T09:00:00Z,"
        "2026-03-31T09:30:00Z,{status},{at},,company"
    )
    return {
        "dealer/mapping.yml": DEALER,
        "dealer/cars.csv": table(DEALER_HEADER, *rows),
        "connect/calls.json": json.dumps(call),
        "mail/sales.mbox": mail,
        "appointments/book.csv": table(
            "appointment_id,customer_email,customer_phone,location_id,created_at,created_by,"
            "start_at,end_at,status,status_at,reschedule_of,requested_by",
            booked.format(status="booked", at="2026-03-30T17:00:00Z"),
            booked.format(status="served", at="2026-03-31T09:00:00Z"),
        ),
    }


def orders() -> dict[str, str | bytes]:
    """100 orders of November 2025, 7 calls for one of them, 3 of value; and then an outage.

    The shop's export ends on 10 December: it cannot tell whether the pickup of the 20th was kept.
    """
    placed = [
        ORDER
        | {
            "id": f"gid://shopify/Order/{number}",
            "legacyResourceId": str(number),
            "name": f"#{number}",
            "createdAt": "2025-11-03T10:00:00Z",
            "processedAt": "2025-11-03T10:00:00Z",
            "updatedAt": "2025-11-03T10:00:05Z",
            "customer": None,
            "email": f"buyer{number}@example.com",
            "phone": None,
        }
        for number in range(3001, 3101)
    ]
    waiting = FULFILLMENT_ORDER | {
        "orderId": "gid://shopify/Order/3100",
        "createdAt": "2025-12-10T10:00:00Z",
        "updatedAt": "2025-12-10T10:00:00Z",
        "fulfillBy": "2025-12-20T18:00:00Z",
        "deliveryMethod": {"methodType": "PICK_UP"},
    }
    calls = [
        contact(
            f"order-call-{number}",
            InitiationTimestamp=f"2025-11-{number + 10}T09:00:00Z",
            ConnectedToSystemTimestamp=f"2025-11-{number + 10}T09:00:00Z",
            DisconnectTimestamp=f"2025-11-{number + 10}T09:04:00Z",
            LastUpdateTimestamp=f"2025-11-{number + 10}T09:05:00Z",
            Attributes={"reason": "where_is_my_order", "order_id": f"#{3001 + number}"}
            if number < 7
            else {"reason": "advice"},
            **{
                "CustomerEndpoint.Address": f"+1202555{2000 + number}",
                "Agent.ConnectedToAgentTimestamp": f"2025-11-{number + 10}T09:00:30Z",
                "Queue.EnqueueTimestamp": f"2025-11-{number + 10}T09:00:10Z",
                "Queue.DequeueTimestamp": f"2025-11-{number + 10}T09:00:30Z",
                "Queue.Duration": 20,
            },
        )
        for number in range(10)
    ]
    return {
        "shopify/orders.jsonl": "\n".join(json.dumps(node) for node in [*placed, waiting]) + "\n",
        "connect/orders.json": "\n".join(json.dumps(call) for call in calls) + "\n",
    }


def cover_order(number: int, day: str, next_day: str) -> dict:
    """An order of a cover on `day` at 21:00, delivered after 36 hours."""
    gid = f"gid://shopify/Order/{number}"
    delivered_at = f"{next_day}T09:00:00Z"
    return ORDER | {
        "id": gid,
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": f"{day}T21:00:00Z",
        "processedAt": f"{day}T21:00:00Z",
        "updatedAt": delivered_at,
        "customer": None,
        "email": "carla@example.com",
        "phone": "+12025552100",
        "fulfillments": [
            {
                "id": f"gid://shopify/Fulfillment/{number}",
                "status": "SUCCESS",
                "displayStatus": "DELIVERED",
                "createdAt": f"{day}T22:00:00Z",
                "updatedAt": delivered_at,
                "deliveredAt": delivered_at,
            }
        ],
    }


def cover_call(number: int, at: str, **changes) -> dict:
    """Carla's call of `at`, a day and a time to the minute, about the order; a minute's wait."""
    return contact(
        f"cover-call-{number}-{at}",
        InitiationTimestamp=f"{at}:00Z",
        ConnectedToSystemTimestamp=f"{at}:00Z",
        DisconnectTimestamp=f"{at}:59Z",
        LastUpdateTimestamp=f"{at}:59Z",
        **{
            "Attributes": {"reason": "wrong_item", "order_id": f"#{number}"},
            "CustomerEndpoint.Address": "+12025552100",
            "Agent.ConnectedToAgentTimestamp": f"{at}:30Z",
            "Queue.EnqueueTimestamp": f"{at}:00Z",
            "Queue.DequeueTimestamp": f"{at}:30Z",
            "Queue.Duration": 60,
        }
        | changes,
    )


def covers() -> dict[str, str | bytes]:
    """A laptop cover, three times, as the shop and the telephony record it.

    Twice the wrong one, money back within minutes of one call, and it may be kept; then it has to
    be sent back, and the money comes after the five days of the original policy. After the second,
    somebody calls to hear whether all is well.
    """
    nodes: list[dict] = []
    calls = []
    for number, day, next_day, third in (
        (4001, "2025-06-02", "2025-06-04", "2025-06-05"),
        (4002, "2025-07-07", "2025-07-09", "2025-07-10"),
        (4003, "2025-09-01", "2025-09-03", "2025-09-04"),
    ):
        goes_back = number == 4003
        refund = {
            "id": f"gid://shopify/Refund/{number}",
            "createdAt": "2025-09-09T10:00:00Z" if goes_back else f"{third}T10:05:00Z",
            "note": None if goes_back else "Wrong item",
            "order": {"id": f"gid://shopify/Order/{number}"},
        }
        item = {"quantity": 1, "__parentId": refund["id"]}
        nodes.append(cover_order(number, day, next_day))
        calls.append(cover_call(number, f"{third}T10:00"))
        if goes_back:
            back = {
                "id": "gid://shopify/Return/4003",
                "createdAt": f"{third}T10:01:00Z",
                "requestApprovedAt": f"{third}T10:01:00Z",
                "status": "CLOSED",
                "order": refund["order"],
                "returnLineItems": [{"returnReason": "WRONG_ITEM"}],
            }
            nodes += [back, refund | {"return": {"id": back["id"]}}]
            nodes.append(item | {"restockType": "RETURN"})
        else:
            nodes += [refund, item | {"restockType": "NO_RESTOCK"}]
    how_is_it = cover_call(
        4002,
        "2025-07-14T15:00",
        InitiationMethod="OUTBOUND",
        Attributes={"order_id": "#4002"},
        Queue=None,
    )
    return {
        "shopify/covers.jsonl": "".join(json.dumps(node) + "\n" for node in nodes),
        "connect/covers.json": "".join(json.dumps(call) + "\n" for call in [*calls, how_is_it]),
    }


# The repeat groups differ and nobody but the company acts: no touch is dearer for the others.
HIDDEN = """\
h1,hidden,2026-05-01 09:00,web,web.checkout,web.form_abandoned,basket,,,,,,
h2,hidden,2026-05-01 10:00,phone,phone.service,call.dropped,basket,,,,,,
h3,hidden,2026-05-02 10:00,phone,phone.service,call.transfer_cold,basket,,,,,,
h4,hidden,2026-05-02 10:05,phone,phone.service,info.repeat,basket,,,,,,
h5,hidden,2026-05-03 15:00,store,store.counter,store.out_of_stock,basket,,,,,,
n1,not_hidden,2026-05-01 09:00,email,refund,refund.latency,money,,yes,,4320000,,
"""
# Refund at once and keep it, twice; then the item has to come back first: the original policy.
COVER = """\
c1,cover,2026-01-06 09:00,courier,product,product.not_as_expected,cover1,after,,,,,
c2,cover,2026-01-06 09:05,phone,phone.service,contact.problem,cover1,after,,,,,
c3,cover,2026-01-06 09:10,phone,refund,refund.latency,cover1,after,,,0,,
c4,cover,2026-01-06 09:10,phone,refund,recovery.no_return,cover1,after,,,,,
c5,cover,2026-03-06 09:00,courier,product,product.not_as_expected,cover2,after,,,,,
c6,cover,2026-03-06 09:05,phone,phone.service,contact.problem,cover2,after,,,,,
c7,cover,2026-03-06 09:10,phone,refund,refund.latency,cover2,after,,,0,,
c8,cover,2026-03-06 09:10,phone,refund,recovery.no_return,cover2,after,,,,,
c9,cover,2026-05-06 09:10,phone,refund,refund.latency,cover3,after,,,432000,,
"""
GOOD_BEFORE = "g1,goodwill,2026-05-01 09:00,phone,phone.service,contact.problem,i1,after,,,,,\n"
BAD = """\
b1,goodwill,2026-05-01 10:00,phone,phone.service,contact.porblem,i1,after,,,,,
b2,goodwill,2026-05-01 11:00,phone,phone.service,queue.wait,i1,after,,,-1,,
b3,goodwill,2026-05-01 12:00,phone,phone.service,promise.made,i1,after,,,,p1,2026-04-30 12:00
b4,goodwill,2026-05-01 13:00,phone,phone.service,promise.kept,i1,after,,,,,
b5,goodwill,2026-05-01 14:00,phone,phone.service,contact.problem,i1,afterwards,,,,,
"""
# Kept twice, and kept without made: the first counts, the fault is reported, all are recorded.
FLAGGED = """\
f1,goodwill,2026-05-02 09:00,phone,phone.service,promise.made,i1,after,,,,p2,2026-05-04 09:00
f2,goodwill,2026-05-03 09:00,phone,phone.service,promise.kept,i1,after,,,,p2,
f3,goodwill,2026-05-03 10:00,phone,phone.service,promise.kept,i1,after,,,,p2,
f4,goodwill,2026-05-03 11:00,phone,phone.service,promise.kept,i1,after,,,,p9,
g2,goodwill,2026-05-20 09:00,phone,phone.service,contact.problem,i1,after,,,,,
"""
BAD_PLAIN = """\
p1,plain,,,2026-05-01 09:00,ordered,inbound,store,store.sale,C9,,,made,Q1,2026-04-01
p2,plain,,,2026-05-01 09:00,ordered,inbound,store,store.sale,C9,,,made,,2026-05-04
p3,plain,,,2026-05-01 09:00,ordered,inbound,store,store.sale,C9,,,made,Q2,2026-05-04
p4,plain,,,2026-05-02 09:00,collected,inbound,store,store.sale,C9,,,kept,Q2,
p5,plain,,,2026-05-02 10:00,collected,inbound,store,store.sale,C9,,,kept,Q2,
p6,plain,,,2026-05-02 11:00,collected,inbound,store,store.sale,C9,,,kept,Q9,
p7,plain,,,2026-05-02 12:00,collected,inbound,store,store.sale,C9,,,promised,Q2,
"""

# An IT ticket due on a Friday, and silence; and the same ticket of somebody outside.
DESK = """
files: "*.csv"
time_zone: UTC
key: ticket
customer: who
interactions:
  - occurred_at: at
    kind: {value: opened}
    channel: {value: web}
    touchpoint: place
    subject: {type: ticket, key: ticket}
    location: department
    party: party
    promise: {value: made}
    promise_kind: {value: task}
    promise_id: ticket
    calendar: {value: default}
    due_at: due
"""
DESK_ROWS = """\
t1,colleague,2026-05-04 09:00,it.desk,finance,internal,2026-05-08
t2,buyer,2026-05-04 09:00,help.desk,,external,2026-05-08
t3,robot,2026-05-04 09:00,it.desk,finance,alien,2026-05-08
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state root whose log holds every story."""
    root = tmp_path_factory.mktemp("stories")
    dealer = cars()
    land(
        root,
        {
            **dealer,
            **orders(),
            **covers(),
            "desk/mapping.yml": DESK,
            "desk/tickets.csv": table("ticket,who,at,place,department,party,due", DESK_ROWS),
            "dealer/bad.csv": table(DEALER_HEADER, BAD_PLAIN),
            "signal_log/mapping.yml": SIGNALS,
            "signal_log/hidden.csv": table(SIGNALS_HEADER, HIDDEN, COVER),
            "signal_log/bad.csv": table(SIGNALS_HEADER, GOOD_BEFORE, BAD, FLAGGED),
        },
    )
    record_all(root, NOW)
    return root


@pytest.fixture(scope="module")
def warehouse(root: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Every model of the project, on the stories."""
    with build_log(root, {"as_of": AS_OF}) as connection:
        yield connection


def who(warehouse: duckdb.DuckDBPyConnection, source_key: str) -> str:
    """The customer of the mapped row with this key."""
    ((customer_id,),) = warehouse.execute(
        "select distinct customer_id from int_journey_steps where record_key = ?", [source_key]
    ).fetchall()
    return customer_id


def promise(warehouse: duckdb.DuckDBPyConnection, promise_id: str) -> dict:
    """A row of fct_promises."""
    (row,) = rows_of(warehouse, f"select * from fct_promises where promise_id = '{promise_id}'")
    return row


def ledger(warehouse: duckdb.DuckDBPyConnection, customer_id: str) -> list[tuple]:
    """(day and minute, signal, friction points, of which base) by signal, in order."""
    return warehouse.execute(
        """
        select
            strftime(occurred_at, '%m-%d %H:%M') as minute,
            signal,
            cast(sum(case when part != 'credit' then points else 0 end) as double) as friction,
            cast(sum(case when part = 'base' then points else 0 end) as double) as base
        from fct_friction where customer_id = ?
        group by occurred_at, signal, source_key
        having friction > 0
        order by occurred_at, signal
        """,
        [customer_id],
    ).fetchall()


# In the phase "beginning", which adds a quarter: the car is ordered and not yet handed over.
CAR = [
    ("03-10 23:59", "promise.breach", 5.0, 4.0),
    ("03-11 23:59", "promise.silence", 1.25, 1.0),
    ("03-12 09:00", "agent.no_ownership", 2.5, 2.0),
    ("03-12 09:00", "contact.chase", 3.75, 3.0),
    # The callback was due on Friday; the second broken promise on the issue costs half as much
    # again, and the silence lasts until the mail of the 30th.
    ("03-13 23:59", "promise.breach", 7.0, 4.0),
    *((f"03-{day} 23:59", "promise.silence", 1.25, 1.0) for day in (14, 15, 17, 21, 29)),
]


@pytest.mark.parametrize(("promise_id", "first_key"), [("C1", "car-1"), ("C4", "real-1")])
def test_car(warehouse, promise_id, first_key):
    car = promise(warehouse, f"dealer/{promise_id}")
    assert car["state"] == "kept_late"
    assert car["broken_at"] == datetime(2026, 3, 10, 23, 59, 59, 999999)
    assert car["kept_for_customer_at"] == datetime(2026, 3, 30, 17)
    assert (car["overdue_days"], car["silent_days"], car["informed_days"]) == (20, 19, 1)
    assert car["knowing_days"] == 20
    assert (car["chase_count"], car["excuse_count"]) == (1, 1)

    customer_id = who(warehouse, first_key)
    assert car["customer_id"] == customer_id
    children = warehouse.execute(
        "select promise_kind, is_broken, due_at from fct_promises "
        f"where parent_promise_id = '{car['promise_id']}'"
    ).fetchall()
    assert children == [("callback", True, datetime(2026, 3, 13, 23, 59, 59, 999999))]

    lines = [line for line in ledger(warehouse, customer_id) if line[1] != "schedule.short_notice"]
    assert lines == CAR


def test_car_in_four_systems_is_one_customer_who_was_asked_at_short_notice(warehouse):
    customer_id = who(warehouse, "real-1")
    sources = warehouse.execute(
        "select distinct source from int_journey_steps where customer_id = ? order by 1",
        [customer_id],
    ).fetchall()
    assert sources == [("appointments",), ("connect",), ("dealer",), ("mail",)]
    # In the phase "beginning" of its own: the appointment.
    asked = ("03-30 17:00", "schedule.short_notice", 1.25, 1.0)
    assert asked in ledger(warehouse, customer_id)


@pytest.mark.parametrize("first_key", ["car-1", "real-1"])
def test_car_raises_the_level_of_intervention_from_the_call_on(warehouse, first_key):
    customer_id = who(warehouse, first_key)
    levels = dict(
        warehouse.execute(
            "select strftime(occurred_at, '%m-%d'), max(level) from fct_scores "
            "where customer_id = ? group by 1",
            [customer_id],
        ).fetchall()
    )
    assert (levels["03-10"], levels["03-12"]) == (1, 2)
    fired = warehouse.execute(
        "select level, strftime(since, '%m-%d') from rpt_interventions "
        "where customer_id = ? and kind = 'level' order by since",
        [customer_id],
    ).fetchall()
    assert (2, "03-12") in fired


def test_car_told_in_time(warehouse):
    first, second = (promise(warehouse, f"dealer/C2{tail}") for tail in ("", ":r1"))
    assert first["state"] == "superseded"
    assert second["state"] in ("kept_early", "kept_on_time")
    assert second["kept_for_customer_at"] == datetime(2026, 3, 18, 10)
    assert not first["is_broken"] and not second["is_broken"]
    assert first["silent_days"] == second["silent_days"] == 0
    assert ledger(warehouse, who(warehouse, "told-1")) == [
        ("03-09 10:00", "promise.late_notice", 2.5, 2.0)
    ]


def test_car_bounced(warehouse):
    car = promise(warehouse, "dealer/C3")
    assert (car["state"], car["is_broken"]) == ("kept_late", True)
    assert (car["overdue_days"], car["silent_days"], car["informed_days"]) == (8, 7, 1)


def test_laptop_cover(warehouse):
    """Whether the item may be kept: exceeded, met, unmet; the refund itself stays a surprise."""
    kept = warehouse.execute(
        "select verdict from int_expectations where outcome = 'recovery.no_return' "
        "and customer_id = ? order by occurred_at",
        [who(warehouse, "c1")],
    ).fetchall()
    assert kept == [("exceeded",), ("met",), ("unmet",)]
    refunds = warehouse.execute(
        "select issue_id, verdict, cast(actual as bigint), cast(standard as bigint) "
        "from int_expectations where outcome = 'refund.latency' and customer_id = ? "
        "order by occurred_at",
        [who(warehouse, "c1")],
    ).fetchall()
    assert refunds[-1] == ("issue:cover3", "unmet", 432000, 432000)


def test_laptop_cover_as_the_shop_and_the_telephony_record_it(warehouse):
    customer_id = who(warehouse, "gid://shopify/Order/4001")
    outcomes = warehouse.execute(
        "select outcome, issue_id, verdict from int_expectations "
        "where customer_id = ? and outcome != 'delivery.latency' and outcome != 'queue.wait' "
        "order by outcome, occurred_at",
        [customer_id],
    ).fetchall()
    assert outcomes == [
        ("recovery.no_return", "order:4001", "exceeded"),
        ("recovery.no_return", "order:4002", "met"),
        ("recovery.no_return", "order:4003", "unmet"),
        ("refund.latency", "order:4001", "exceeded"),
        ("refund.latency", "order:4002", "exceeded"),
        # Five days are the standard, and no longer what the customer expects.
        ("refund.latency", "order:4003", "unmet"),
    ]
    points = warehouse.execute(
        """
        select issue_id, signal, part, cast(points as double) from fct_friction
        where customer_id = ? order by issue_id, occurred_at, signal, part
        """,
        [customer_id],
    ).fetchall()
    assert points == [
        # As in stories/cover.json: 36 hours of 72; money back at once of 5 days; keep it. And a
        # quarter of the contact, for who bought on the web and had to call.
        ("order:4001", "delivery.latency", "credit", 0.25),
        ("order:4001", "contact.problem", "base", 2.0),
        ("order:4001", "contact.problem", "switch", 0.5),
        ("order:4001", "product.not_as_expected", "base", 3.0),
        ("order:4001", "recovery.no_return", "credit", 1.0),
        ("order:4001", "refund.latency", "credit", 1.875),
        # The same again is less of a surprise: 0.5 · (1.125 - 1), and 0.5 · 2 · (1 + 0.25 / 2).
        ("order:4002", "delivery.latency", "credit", 0.0625),
        ("order:4002", "contact.problem", "base", 2.0),
        ("order:4002", "contact.problem", "switch", 0.5),
        ("order:4002", "product.not_as_expected", "base", 3.0),
        ("order:4002", "recovery.no_return", "credit", 1.0),
        ("order:4002", "refund.latency", "credit", 1.125),
        ("order:4002", "proactive.helpful_call", "credit", 0.75),
        ("order:4003", "contact.problem", "base", 2.0),
        ("order:4003", "contact.problem", "switch", 0.5),
        ("order:4003", "product.not_as_expected", "base", 3.0),
        # The money was promised with the return: one delay, one charge, and here none.
        ("order:4003", "promise.kept", "credit", 0.25),
    ]


def test_orders(warehouse):
    rows = warehouse.execute(
        "select order_count, contact_count, avoidable_contact_count, contacts_per_order, "
        "avoidable_contacts_per_order from rpt_contacts_per_order where month = '2025-11'"
    ).fetchall()
    assert rows == [(100, 10, 7, 0.10, 0.07)]


def test_hidden_friction(warehouse):
    listed = warehouse.execute(
        "select customer_id, points, touch_count, worst_touch_points, channel_count "
        "from rpt_hidden_friction"
    ).fetchall()
    assert [(row[0], float(row[1]), row[2], float(row[3]), row[4]) for row in listed] == [
        (who(warehouse, "h1"), 9.0, 5, 2.0, 3)
    ]
    # One touch of 9 hides nothing: it raises an alert of its own. None of the five would.
    assert ledger(warehouse, who(warehouse, "n1")) == [("05-01 09:00", "refund.latency", 9.0, 6.0)]
    ((lowest,),) = warehouse.execute(
        "select min(threshold_fp) from levels where threshold_fp > 0"
    ).fetchall()
    assert max(line[2] for line in ledger(warehouse, who(warehouse, "h1"))) < lowest


def test_feed_outage(warehouse):
    (row,) = warehouse.execute(
        "select promise_id, customer_id, state, is_broken, due_at from fct_promises "
        "where source = 'shopify' and promise_kind = 'pickup'"
    ).fetchall()
    promise_id, customer_id, state, is_broken, due_at = row
    assert (state, is_broken, due_at) == ("unknown", False, datetime(2025, 12, 20, 18))
    assert ledger(warehouse, customer_id) == []
    stale = warehouse.execute(
        "select row_count, reason from rpt_data_quality "
        "where topic = 'promise fulfilment feed stale' and source = 'shopify'"
    ).fetchall()
    assert [count for count, _ in stale] == [1]
    assert "feed" in stale[0][1]
    assert promise_id not in [
        key for (key,) in warehouse.execute("select promise_id from rpt_interventions").fetchall()
    ]


@pytest.mark.parametrize(
    ("source", "key", "reason"),
    [
        ("signal_log", "b1", "signal"),
        ("signal_log", "b2", "negative"),
        ("signal_log", "b3", "before the promise"),
        ("signal_log", "b5", "phase"),
        ("dealer", "p1", "before the promise"),
        ("dealer", "p2", "promise_id"),
        ("dealer", "p7", "promise"),
        ("desk", "t3", "party"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(root, source, key, reason):
    rows = Quarantine(settings_of(root).quarantine).rows(source).to_pylist()
    found = {row["record_key"]: row["reason"] for row in rows}
    assert reason in found[key]


def test_nothing_else_is_set_aside_and_the_rest_is_scored(root, warehouse):
    aside = {
        source: sorted(
            row["record_key"]
            for row in Quarantine(settings_of(root).quarantine).rows(source).to_pylist()
        )
        for source in ("signal_log", "dealer", "connect", "shopify", "mail", "appointments", "desk")
    }
    assert aside == {
        "signal_log": ["b1", "b2", "b3", "b5"],
        "dealer": ["p1", "p2", "p7"],
        "connect": [],
        "shopify": [],
        "mail": [],
        "appointments": [],
        "desk": ["t3"],
    }
    counted = dict(
        warehouse.execute(
            "select source, row_count from rpt_data_quality where topic = 'records set aside'"
        ).fetchall()
    )
    assert counted == {"signal_log": 4, "dealer": 3, "desk": 1}
    # Two contacts, the second in 30 days of the first: 2 and 2 · 1.5; the promise earns credit.
    assert ledger(warehouse, who(warehouse, "g1")) == [
        ("05-01 09:00", "contact.problem", 2.0, 2.0),
        ("05-20 09:00", "contact.problem", 3.0, 2.0),
    ]


def test_kept_twice_counts_once_and_kept_without_made_is_told(warehouse):
    problems = warehouse.execute(
        "select topic, source, row_count from rpt_data_quality "
        "where topic in ('promise kept twice', 'promise kept without made') order by all"
    ).fetchall()
    assert problems == [
        ("promise kept twice", "dealer", 1),
        ("promise kept twice", "signal_log", 1),
        ("promise kept without made", "dealer", 1),
        ("promise kept without made", "signal_log", 2),
    ]
    # 0.5 · 0.5 for the first keeping in time, and for those of promises that nobody knows or names.
    credit = warehouse.execute(
        "select source_key, cast(points as double) from fct_friction "
        "where part = 'credit' and customer_id = ? order by 1",
        [who(warehouse, "g1")],
    ).fetchall()
    assert credit == [("b4", 0.25), ("f2", 0.25), ("f4", 0.25)]


def told(root: Path, warehouse: duckdb.DuckDBPyConnection) -> Release:
    """The stories as a release that `make explain` reads."""
    return Release(warehouse, settings_of(root), AS_OF)


def test_the_cars_promise_is_explained_in_words(root, warehouse):
    lines = explain_promise.story(told(root, warehouse), "dealer/C1")
    words = "\n".join(lines)
    assert "Pickup for order:C1" in words
    assert "It was broken, and kept late." in words
    assert "for 20 days the company knew and said nothing" in words
    assert "20 days overdue: 19 without a word, 1 with one." in words
    assert "The customer asked once after the due" in words
    assert "It led to 'we will come back to you'" in words
    happened = [line.split()[0:2] for line in lines if line.startswith("  2026-")]
    assert happened == sorted(happened) and len(happened) >= 6
    assert "done, the customer not told: pickup" in words
    assert "… 17 days of nothing" in words or "… 18 days of nothing" in words
    assert "What would help" in lines


def test_a_journey_is_explained_with_its_promises_and_points(root, warehouse):
    customer_id = who(warehouse, "car-1")
    ((journey_id, points),) = warehouse.execute(
        "select journey_id, points from fct_journeys where customer_id = ?", [customer_id]
    ).fetchall()
    words = "\n".join(explain_journey.story(told(root, warehouse), journey_id))
    assert f"It cost {points:.2f} points of friction" in words
    assert "2 promises: 2 broken" in words
    assert "promise.breach at " in words and "kept for the customer: pickup" in words
    assert f"Customer {customer_id} is at level " in words
    assert "+3.75" in words or "+6.25" in words


def test_a_customer_is_explained_with_every_point_of_the_ledger(root, warehouse):
    lines = explain_customer.story(told(root, warehouse), who(warehouse, "car-1"))
    words = "\n".join(lines)
    explanations = warehouse.execute(
        "select explanation from fct_friction where customer_id = ?", [who(warehouse, "car-1")]
    ).fetchall()
    assert len(explanations) > 10
    for (explanation,) in explanations:
        assert explanation in words


def test_internal_customer(warehouse):
    colleague, buyer = who(warehouse, "t1"), who(warehouse, "t2")
    charged = warehouse.execute(
        "select signal, cast(points as double), occurred_at from fct_internal_friction "
        "where customer_id = ? order by occurred_at",
        [colleague],
    ).fetchall()
    # Broken at the end of Friday, then silence at 1, 2, 4, 8 and 16 days; as for anybody.
    assert [line[0] for line in charged] == ["promise.breach", *["promise.silence"] * 5]
    assert (
        charged
        == warehouse.execute(
            "select signal, cast(sum(points) as double), occurred_at from fct_friction "
            "where customer_id = ? group by all order by occurred_at",
            [buyer],
        ).fetchall()
    )
    # From Friday 8 to Sunday 31 May there are fifteen working days and the day is not over.
    assert warehouse.execute(
        "select customer_id, state, overdue_days, silent_days, location_id "
        "from fct_internal_promises"
    ).fetchall() == [(colleague, "broken_open", 15, 15, "finance")]
    assert promise(warehouse, "desk/t2")["overdue_days"] == 15
    ((customer_id, percentile, score),) = warehouse.execute(
        "select customer_id, percentile, score from dim_internal_customers"
    ).fetchall()
    assert (customer_id, percentile) == (colleague, 50)
    assert score > 0


def test_the_stories_of_an_internal_customer_are_told_too(root, warehouse):
    colleague, buyer = who(warehouse, "t1"), who(warehouse, "t2")
    release = told(root, warehouse.cursor())
    # A table in a release: as the warehouse's view it would find the internal customers, too.
    release.connection.execute(
        "create temp table rpt_interventions as select * from main.rpt_interventions"
    )
    with_internal_customers(release.connection)
    customer = "\n".join(explain_customer.story(release, colleague))
    assert "of “customers of the company itself”" in customer
    assert "it.desk" in customer and "The customer saw a promise broken" in customer
    assert "No steps are queued for customers of the company itself." in customer
    ((journey_id,),) = warehouse.execute(
        "select journey_id from fct_internal_interactions where customer_id = ?", [colleague]
    ).fetchall()
    journey = "\n".join(explain_journey.story(release, journey_id))
    assert "ticket t1, internal" in journey and "1 promise: 1 broken, 15 days of silence" in journey
    promise = "\n".join(explain_promise.story(release, "desk/t1"))
    assert "Task for ticket:t1 at finance" in promise
    assert "15 days overdue: 15 without a word" in promise
    # Everybody else's story is what it was.
    assert explain_customer.story(release, buyer) == explain_customer.story(
        told(root, warehouse), buyer
    )


def test_an_internal_customer_is_in_no_table_for_everybody(warehouse):
    colleague = who(warehouse, "t1")
    tables = warehouse.execute(
        """
        select table_name, column_name from duckdb_columns()
        where regexp_matches(table_name, '^(fct|dim|rpt)_|^customer_')
            and table_name not like '%internal%' and data_type = 'VARCHAR'
        """
    ).fetchall()
    assert len({name for name, _ in tables}) > 15
    for name, column in tables:
        found = f"select count(*) from {name} where {column} in ('it.desk', 'desk/t1', ?)"
        assert warehouse.execute(found, [colleague]).fetchall() == [(0,)], (name, column)
