"""What a Shopify node must look like to become an event: known words, readable times, a parent."""

import great_expectations.expectations as gxe

from ingestion.sources.store.shopify import HOLD_REASONS


def _one_of(column: str, values: list[str], what: str) -> gxe.ExpectColumnValuesToBeInSet:
    return gxe.ExpectColumnValuesToBeInSet(
        column=column,
        value_set=values,
        meta={"reason": f"{what} is none of {', '.join(values)}"},
    )


def _yes(column: str, reason: str) -> gxe.ExpectColumnValuesToBeInSet:
    return gxe.ExpectColumnValuesToBeInSet(
        column=column, value_set=["yes"], meta={"reason": reason}
    )


def _present(column: str, reason: str) -> gxe.ExpectColumnValuesToNotBeNull:
    return gxe.ExpectColumnValuesToNotBeNull(column=column, meta={"reason": reason})


_TIMES = _yes("times_readable", "a time of the node is unreadable or without a time zone")
_PARENT = _present("parent_id", "the line names a parent that its file does not hold")
_ORDER = _present("order_id", "the node names no order")
_TEXT = gxe.ExpectColumnValuesToMatchRegex(
    column="name",
    regex=r"^\s*\S.{0,63}$",
    meta={"reason": "the order's name is empty or longer than 64 characters"},
)

SUITES = {
    "order": [
        _present("name", "the order has no name, by which people quote it"),
        _TEXT,
        _one_of("test", ["true", "false"], "test"),
        _one_of(
            "cancel_reason",
            ["CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF"],
            "cancelReason",
        ),
        _TIMES,
    ],
    "fulfillment_order": [
        _one_of(
            "status",
            ["CANCELLED", "CLOSED", "INCOMPLETE", "IN_PROGRESS", "ON_HOLD", "OPEN", "SCHEDULED"],
            "status",
        ),
        _one_of(
            "method_type",
            ["LOCAL", "NONE", "PICKUP_POINT", "PICK_UP", "RETAIL", "SHIPPING"],
            "deliveryMethod.methodType",
        ),
        _yes("holds_known", f"a fulfillmentHolds reason is none of {', '.join(HOLD_REASONS)}"),
        _TIMES,
    ],
    "fulfillment": [
        _one_of(
            "status", ["CANCELLED", "ERROR", "FAILURE", "OPEN", "PENDING", "SUCCESS"], "status"
        ),
        _TIMES,
    ],
    "refund": [_ORDER, _TIMES],
    "return": [
        _ORDER,
        _one_of("status", ["CANCELED", "CLOSED", "DECLINED", "OPEN", "REQUESTED"], "status"),
    ],
    "refund_line_item": [
        _one_of(
            "restock_type", ["CANCEL", "LEGACY_RESTOCK", "NO_RESTOCK", "RETURN"], "restockType"
        ),
        _PARENT,
    ],
    "return_line_item": [
        _one_of(
            "return_reason",
            [
                "COLOR",
                "DEFECTIVE",
                "NOT_AS_DESCRIBED",
                "OTHER",
                "SIZE_TOO_LARGE",
                "SIZE_TOO_SMALL",
                "STYLE",
                "UNKNOWN",
                "UNWANTED",
                "WRONG_ITEM",
            ],
            "returnReason",
        ),
        _PARENT,
    ],
    "order_adjustment": [
        _one_of(
            "adjustment_reason",
            [
                "CUSTOMER",
                "DAMAGE",
                "FULL_RETURN_BALANCING_ADJUSTMENT",
                "PENDING_REFUND_DISCREPANCY",
                "REFUND_DISCREPANCY",
                "RESTOCK",
            ],
            "reason",
        ),
        _PARENT,
    ],
}
