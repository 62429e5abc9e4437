"""Shopify bulk exports on the real road: gids, child lines, test orders, versions, bad lines."""

import gzip
import json

ORDER = {
    "id": "gid://shopify/Order/5001",
    "legacyResourceId": "5001",
    "name": "#1001",
    "createdAt": "2026-03-01T10:00:00Z",
    "processedAt": "2026-03-01T10:00:00Z",
    "updatedAt": "2026-03-01T10:00:05Z",
    "cancelledAt": None,
    "cancelReason": None,
    "customer": {"id": "gid://shopify/Customer/77", "email": "ann@shop.example"},
    "email": "Ann@Shop.example",
    "phone": "+390212345678",
    "sourceName": "web",
    "retailLocation": None,
    "test": False,
    "fulfillments": [],
}
LINE = {
    "id": "gid://shopify/LineItem/1",
    "quantity": 1,
    "title": "Kettle",
    "__parentId": "gid://shopify/Order/5001",
}
REFUND = {
    "id": "gid://shopify/Refund/9",
    "createdAt": "2026-03-09T10:00:00Z",
    "note": "wrong item",
    "order": {"id": "gid://shopify/Order/5001"},
}
KEPT_ITEM = {"quantity": 1, "restockType": "NO_RESTOCK", "__parentId": "gid://shopify/Refund/9"}
FULFILLMENT_ORDER = {
    "id": "gid://shopify/FulfillmentOrder/6001",
    "orderId": "gid://shopify/Order/5001",
    "status": "OPEN",
    "createdAt": "2026-03-01T10:00:30Z",
    "updatedAt": "2026-03-01T10:00:30Z",
    "deliveryMethod": {"methodType": "SHIPPING", "maxDeliveryDateTime": "2026-03-05T18:00:00Z"},
    "fulfillmentHolds": [],
}


def jsonl(*nodes: dict) -> bytes:
    return "".join(json.dumps(node) + "\n" for node in nodes).encode()


def payload(events, record_type: str) -> dict:
    (text,) = events[events["record_type"] == record_type]["payload"]
    return json.loads(text)


def test_an_order_is_keyed_by_gid_and_dated_and_versioned_by_its_last_change(recorded):
    changed = ORDER | {"updatedAt": "2026-03-04T08:00:00Z"}

    events = recorded("shopify", {"orders.jsonl": jsonl(ORDER, changed, ORDER)}).events

    assert set(events["record_key"]) == {"gid://shopify/Order/5001"}
    assert events["event_id"].nunique() == 2
    assert events["occurred_at"].max().isoformat() == "2026-03-04T08:00:00"
    assert json.loads(events["payload"].iloc[0]) == ORDER
    identifiers = events["identifiers"].iloc[0]
    assert [i["type"] for i in identifiers] == ["shopify_customer", "email", "email", "phone"]
    assert identifiers[1]["hash"] == identifiers[2]["hash"]


def test_a_child_line_is_a_record_of_its_own_with_the_times_of_its_parent(recorded):
    events = recorded("shopify", {"orders.jsonl": jsonl(ORDER, LINE)}).events

    line = events[events["record_type"] == "line_item"].iloc[0]
    assert line["record_key"] == "gid://shopify/LineItem/1"
    assert line["occurred_at"].isoformat() == "2026-03-01T10:00:05"
    added = json.loads(line["payload"])
    assert added.pop("__position") == 1
    assert added.pop("__parent") == {
        "id": "gid://shopify/Order/5001",
        "createdAt": "2026-03-01T10:00:00Z",
        "updatedAt": "2026-03-01T10:00:05Z",
        "test": "false",
    }
    assert added == LINE


def test_a_child_takes_the_parent_of_its_own_export_when_a_file_holds_several(recorded):
    later = ORDER | {"updatedAt": "2026-03-04T08:00:00Z"}

    events = recorded("shopify", {"orders.jsonl": jsonl(ORDER, LINE, later, LINE)}).events

    lines = events[events["record_type"] == "line_item"]
    assert sorted(t.isoformat() for t in lines["occurred_at"]) == [
        "2026-03-01T10:00:05",
        "2026-03-04T08:00:00",
    ]


def test_a_child_without_an_id_is_keyed_by_its_parent_and_its_place_there(recorded):
    events = recorded("shopify", {"refunds.jsonl": jsonl(REFUND, KEPT_ITEM, KEPT_ITEM)}).events

    lines = events[events["record_type"] == "refund_line_item"]
    assert sorted(lines["record_key"]) == ["gid://shopify/Refund/9/1", "gid://shopify/Refund/9/2"]


def test_test_orders_and_what_hangs_on_them_are_counted_and_not_recorded(recorded):
    test = ORDER | {"test": True}

    run = recorded("shopify", {"orders.jsonl": jsonl(test, LINE)})

    assert run.events.empty and run.quarantine.empty
    assert run.report.ignored == 2


def test_a_pos_sale_to_a_walk_in_has_no_identifier(recorded):
    walk_in = ORDER | {
        "customer": None,
        "email": None,
        "phone": None,
        "sourceName": "pos",
        "retailLocation": {"id": "gid://shopify/Location/7", "name": "milan"},
    }

    (event,) = recorded("shopify", {"orders.jsonl": jsonl(walk_in)}).events.to_dict("records")

    assert list(event["identifiers"]) == []


def test_a_guest_is_known_by_email_alone(recorded):
    guest = ORDER | {"customer": None, "phone": None}

    (event,) = recorded("shopify", {"orders.jsonl": jsonl(guest)}).events.to_dict("records")

    assert [i["type"] for i in event["identifiers"]] == ["email"]


def test_kinds_are_told_by_gid_by_typename_or_by_the_file(recorded):
    by_name = {"id": "12", "__typename": "Refund"} | {k: v for k, v in REFUND.items() if k != "id"}
    by_file = {"id": "13"} | {k: v for k, v in FULFILLMENT_ORDER.items() if k != "id"}

    events = recorded(
        "shopify",
        {"all.jsonl": jsonl(ORDER, by_name), "fulfillment_orders-1.jsonl": jsonl(by_file)},
    ).events

    assert dict(zip(events["record_key"], events["record_type"], strict=True)) == {
        "gid://shopify/Order/5001": "order",
        "12": "refund",
        "13": "fulfillment_order",
    }


def test_children_that_nobody_reads_are_counted_and_not_recorded(recorded):
    allocation = {"allocationMethod": "ACROSS", "__parentId": ORDER["id"]}

    run = recorded("shopify", {"orders.jsonl": jsonl(ORDER, allocation)})

    assert list(run.events["record_type"]) == ["order"]
    assert run.report.ignored == 1


def test_bad_nodes_are_set_aside_alone_each_with_its_reason(recorded):
    good = jsonl(ORDER, LINE, FULFILLMENT_ORDER)
    bad = jsonl(
        {"id": "gid://shopify/Product/1", "title": "Kettle"},
        {**ORDER, "id": "gid://shopify/Order/2", "name": None},
        {**ORDER, "id": "gid://shopify/Order/3", "cancelReason": "BORED"},
        {**ORDER, "id": "gid://shopify/Order/4", "updatedAt": "2026-03-01T10:00:00"},
        {**ORDER, "id": "gid://shopify/Order/5", "updatedAt": "2031-03-01T10:00:00Z"},
        {**FULFILLMENT_ORDER, "id": "gid://shopify/FulfillmentOrder/2", "status": 7},
        {
            **FULFILLMENT_ORDER,
            "id": "gid://shopify/FulfillmentOrder/3",
            "deliveryMethod": {"methodType": "SHIPPING", "maxDeliveryDateTime": "soon"},
        },
        {
            **FULFILLMENT_ORDER,
            "id": "gid://shopify/FulfillmentOrder/4",
            "fulfillmentHolds": [{"reason": "INVENTORY_OUT_OF_STOCK"}, {"reason": "NO_MOOD"}],
        },
        {**REFUND, "order": None},
        {**KEPT_ITEM, "restockType": "BURN"},
        {**LINE, "__parentId": "gid://shopify/Order/404", "id": "gid://shopify/LineItem/9"},
    )

    run = recorded("shopify", {"export.jsonl": good + b'{"id": "gid://sho\n' + bad})

    assert sorted(run.events["record_type"]) == ["fulfillment_order", "line_item", "order"]
    assert len(run.quarantine) == 12
    reasons = " | ".join(run.quarantine["reason"])
    for words in (
        "no record type of shopify fits",
        "no name",
        "cancelReason is none of",
        "without a time zone",
        "24 hours in the future",
        "status is none of",
        "time of the node is unreadable",
        "fulfillmentHolds reason is none of",
        "names no order",
        "restockType is none of",
        "not a JSON object",
    ):
        assert words in reasons


def test_a_truncated_gzip_costs_only_itself(recorded):
    whole = gzip.compress(jsonl(*({**ORDER, "id": f"gid://shopify/Order/{n}"} for n in range(99))))

    run = recorded("shopify", {"a.jsonl.gz": whole[:-40], "b.jsonl": jsonl(ORDER)})

    assert list(run.events["record_key"]) == ["gid://shopify/Order/5001"]
    assert [name for name, _ in run.report.refused] == ["a.jsonl.gz"]
