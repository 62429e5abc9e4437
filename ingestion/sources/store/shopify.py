"""Orders, fulfilment orders, refunds and returns from Shopify's GraphQL bulk export (JSONL).

A bulk export writes one node a line. The nodes of a nested connection are lines of their own
that name their parent in `__parentId`; many of them (line items, refund line items, return
line items, order adjustments) have no time and some have no id. So the reader adds two keys to
a child line, and changes nothing else in it: `__position`, its place among its parent's
children, and `__parent`, its parent's id, times and test flag. A node's kind is the middle of
its gid, else its `__typename`, else what its fields and its file's name say.

Test orders and what hangs on them are counted and not recorded. A version is `updatedAt`.
"""

from collections.abc import Sequence

import duckdb

from ingestion import readers
from ingestion.source import File, Identifier, RecordType, Source
from ingestion.times import instant

HOLD_REASONS = (
    "AWAITING_PAYMENT",
    "AWAITING_RETURN_ITEMS",
    "HIGH_RISK_OF_FRAUD",
    "INCORRECT_ADDRESS",
    "INVENTORY_OUT_OF_STOCK",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL",
    "OTHER",
    "UNKNOWN_DELIVERY_DATE",
)

# The kind of a node that has neither a gid nor a __typename, by the name of its file.
_FILE_KINDS = {
    "fulfillment_order": "FulfillmentOrder",
    "refund": "Refund",
    "return": "Return",
    "order": "Order",
}


def bulk(connection: duckdb.DuckDBPyConnection, files: Sequence[File]) -> None:
    """NDJSON lines; a child line also gets `__position` and `__parent` (see above).

    The parent is the nearest line before the child that has its parent's id, so a file that
    holds several exports one after the other gives each child its own export's parent.
    """
    readers.ndjson(connection, files)
    connection.execute(
        """
        create or replace temp table bulk_lines as
        select
            row_number() over () as line_no,
            file_no,
            payload,
            json_extract_string(
                payload, ['$.id', '$.__parentId', '$.createdAt', '$.updatedAt', '$.test']
            ) as node
        from lines
        """
    )
    connection.execute("drop view lines")
    connection.execute(
        """
        create or replace temp table lines as
        with parents as (
            select line_no, file_no, node from bulk_lines
            where node[1] in (select node[2] from bulk_lines)
        ),
        placed as (
            select child.*, parent.line_no as parent_line_no, parent.node as parent
            from bulk_lines as child
            asof left join parents as parent
                on child.file_no = parent.file_no
                and child.node[2] = parent.node[1]
                and child.line_no >= parent.line_no
        ),
        placed_twice as (
            select child.*, above.node as above
            from placed as child
            asof left join parents as above
                on child.file_no = above.file_no
                and child.parent[2] = above.node[1]
                and child.line_no >= above.line_no
        )
        select
            file_no,
            case when node[2] is null then payload
            else
                left(rtrim(payload), length(rtrim(payload)) - 1)
                || ',"__position":'
                || row_number() over (partition by parent_line_no, node[2] order by line_no)
                || ',"__parent":'
                || json_object(
                    'id', parent[1],
                    'createdAt', coalesce(parent[3], above[3]),
                    'updatedAt', coalesce(parent[4], above[4]),
                    'test', coalesce(parent[5], above[5])
                )
                || '}'
            end as payload
        from placed_twice
        order by line_no
        """
    )


def _kind() -> str:
    by_file = " ".join(
        f"when regexp_matches(lower(file), '{word}s?[^/]*$') then '{kind}'"
        for word, kind in _FILE_KINDS.items()
    )
    return f"""coalesce(
        nullif(regexp_extract(r.id, '^gid://shopify/(\\w+)/', 1), ''),
        r.__typename,
        case
            when r.restockType is not null then 'RefundLineItem'
            when r.returnReason is not null then 'ReturnLineItem'
            when r.__parentId is not null then 'Child'
            {by_file}
        end
    )"""


KIND = _kind()
_IS_TEST = "coalesce(r.test, r.__parent.test, 'false') = 'true'"
_ENVELOPE = (
    "id",
    "__typename",
    "__parentId",
    "__position",
    "__parent.id",
    "__parent.createdAt",
    "__parent.updatedAt",
    "__parent.test",
    "orderId",
    "order.id",
    "createdAt",
    "updatedAt",
    "test",
    "restockType",
    "returnReason",
)
# A node's own id, else its parent's id and its place there.
_KEY = "coalesce(r.id, r.__parentId || '/' || r.__position)"
_CHANGED = "coalesce(r.updatedAt, r.createdAt, r.__parent.updatedAt, r.__parent.createdAt)"


# What a node hangs on; a fulfilment order, refund or return may name its order instead.
_ABOVE = 'coalesce(r.__parentId, r.orderId, r."order".id)'
_PARENTS = {
    kind: f"case when {_ABOVE} like 'gid://%' then {_ABOVE}"
    f" else 'gid://shopify/{gid}/' || {_ABOVE} end"
    for kind, gid in (
        ("order", "Order"),
        ("fulfillment_order", "FulfillmentOrder"),
        ("fulfillment", "Fulfillment"),
        ("refund", "Refund"),
        ("return", "Return"),
    )
}


def _readable(*times: str) -> str:
    wrong = " or ".join(f"({time} is not null and {instant(time)} is null)" for time in times)
    return f"case when {wrong} then 'no' else 'yes' end"


def _node(
    name: str,
    kind: str,
    fields: tuple[str, ...] = (),
    checks: dict[str, str] | None = None,
    identifiers: tuple[Identifier, ...] = (),
) -> RecordType:
    """One kind of node: keyed by gid, versioned and dated by its (or its parent's) last change."""
    return RecordType(
        name=name,
        fields=_ENVELOPE + fields,
        where=f"{KIND} = '{kind}'",
        key=_KEY,
        occurred_at=instant(_CHANGED),
        version=_CHANGED,
        identifiers=identifiers,
        checks=checks or {},
        part_of=_PARENTS,
    )


SHOPIFY = Source(
    name="shopify",
    channel="store",
    read=bulk,
    pattern=("**/*.jsonl", "**/*.jsonl.gz", "**/*.ndjson", "**/*.ndjson.gz"),
    records=(
        RecordType(
            name="test_order",
            fields=_ENVELOPE,
            where=_IS_TEST,
            key=_KEY,
            occurred_at=instant(_CHANGED),
            ignore=True,
        ),
        _node(
            "order",
            "Order",
            fields=(
                "name",
                "email",
                "phone",
                "customer.id",
                "customer.email",
                "customer.phone",
                "customer.defaultEmailAddress.emailAddress",
                "customer.defaultPhoneNumber.phoneNumber",
                "cancelledAt",
                "cancelReason",
                "processedAt",
            ),
            identifiers=(
                Identifier("shopify_customer", r"regexp_extract(r.customer.id, '(\d+)$', 1)"),
                Identifier("email", "r.email"),
                Identifier(
                    "email",
                    "coalesce(r.customer.email, r.customer.defaultEmailAddress.emailAddress)",
                ),
                Identifier("phone", "r.phone"),
                Identifier(
                    "phone", "coalesce(r.customer.phone, r.customer.defaultPhoneNumber.phoneNumber)"
                ),
            ),
            checks={
                "name": "r.name",
                "test": "r.test",
                "cancel_reason": "r.cancelReason",
                "times_readable": _readable("r.createdAt", "r.processedAt", "r.cancelledAt"),
            },
        ),
        _node(
            "fulfillment_order",
            "FulfillmentOrder",
            fields=(
                "status",
                "fulfillBy",
                "deliveryMethod.methodType",
                "deliveryMethod.maxDeliveryDateTime",
                "fulfillmentHolds",
            ),
            checks={
                "status": "r.status",
                "method_type": "r.deliveryMethod.methodType",
                "holds_known": (
                    "case when coalesce(list_has_all("
                    f"{list(HOLD_REASONS)!r}, "
                    "json_extract_string(r.fulfillmentHolds, '$[*].reason')), true)"
                    " then 'yes' else 'no' end"
                ),
                "times_readable": _readable(
                    "r.createdAt", "r.fulfillBy", "r.deliveryMethod.maxDeliveryDateTime"
                ),
            },
        ),
        _node(
            "fulfillment",
            "Fulfillment",
            fields=("status", "deliveredAt", "inTransitAt", "estimatedDeliveryAt"),
            checks={
                "status": "r.status",
                "times_readable": _readable(
                    "r.createdAt", "r.deliveredAt", "r.inTransitAt", "r.estimatedDeliveryAt"
                ),
            },
        ),
        RecordType(
            name="fulfillment_event",
            fields=(*_ENVELOPE, "happenedAt", "status"),
            where=f"{KIND} = 'FulfillmentEvent'",
            key=_KEY,
            occurred_at=instant("r.happenedAt"),
            part_of=_PARENTS,
        ),
        _node(
            "refund",
            "Refund",
            checks={
                "order_id": "coalesce(r.order.id, r.__parentId)",
                "times_readable": _readable("r.createdAt"),
            },
        ),
        _node(
            "return",
            "Return",
            fields=("status",),
            checks={"order_id": "coalesce(r.order.id, r.__parentId)", "status": "r.status"},
        ),
        _node("line_item", "LineItem"),
        _node(
            "refund_line_item",
            "RefundLineItem",
            checks={"restock_type": "r.restockType", "parent_id": "r.__parent.id"},
        ),
        _node(
            "return_line_item",
            "ReturnLineItem",
            checks={"return_reason": "r.returnReason", "parent_id": "r.__parent.id"},
        ),
        _node(
            "order_adjustment",
            "OrderAdjustment",
            fields=("reason",),
            checks={"adjustment_reason": "r.reason", "parent_id": "r.__parent.id"},
        ),
        # Discount allocations, transactions, fulfilment line items: nobody reads them.
        RecordType(
            name="other_child",
            fields=_ENVELOPE,
            where="r.__parentId is not null",
            key=_KEY,
            occurred_at=instant(_CHANGED),
            ignore=True,
        ),
    ),
)
