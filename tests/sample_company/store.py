"""Shop and tills: Shopify's bulk exports, the queue machine's tickets and the appointment book.

A bulk export is taken every midnight and holds what changed since: of several changes on one
day only the last state is seen. Children (line items) follow their parent on lines of their own.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.sample_company.clock import local_day, seconds_z, with_offset
from tests.sample_company.people import LOCATIONS, Person
from tests.sample_company.world import World
from tests.sample_company.write import to_json

GOODS = (
    ("Kettle", "KT-1", 4990), ("Desk lamp", "LM-4", 7900), ("Oak shelf", "SH-2", 12900),
    ("Wool blanket", "BL-3", 5900), ("Office chair", "CH-9", 24900), ("Laptop cover", "LC-7", 2990),
    ("Coffee mill", "CM-5", 8450), ("Bath towels", "TW-6", 3490), ("Wall clock", "WC-8", 4290),
)  # fmt: skip

RETURN_REASONS = {
    "wrong item": "WRONG_ITEM",
    "not as described": "NOT_AS_DESCRIBED",
    "defective": "DEFECTIVE",
    "no longer wanted": "UNWANTED",
}


@dataclass
class Order:
    """One order: what was bought and how it stands now. `ways`: delivery, pickup or pos."""

    number: int
    person: Person | None
    placed_at: datetime
    way: str
    plot: str
    goods: list[int]
    due_at: datetime | None = None
    location: str | None = None
    has_window: bool = True
    is_test: bool = False
    state: dict = field(default_factory=dict)
    fulfillment: dict | None = None
    window: dict = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.number)

    @property
    def id(self) -> str:
        return f"gid://shopify/Order/{5_400_000_000_000 + self.number}"

    @property
    def fulfillment_order(self) -> str:
        return f"gid://shopify/FulfillmentOrder/{6_600_000_000_000 + self.number}"

    @property
    def total(self) -> int:
        return sum(GOODS[g][2] for g in self.goods)


class Shop:
    """The web shop and the tills. Collects each record's states of a day and exports the last."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pending: dict[str, tuple[str, datetime, bytes]] = {}

    def change(self, order: Order, at: datetime, **state: object) -> None:
        """The order changed at `at`; `fulfillment={...}` changes its delivery or pickup."""
        if not self._world.has(at):
            return
        fulfillment = state.pop("fulfillment", None)
        if isinstance(fulfillment, dict):
            order.fulfillment = (
                (order.fulfillment or {}) | fulfillment | {"updatedAt": seconds_z(at)}
            )
        order.state |= state
        record = self._order(order, at)
        children = [_line_item(order, n) for n in range(len(order.goods))]
        self._export("shopify/orders", order.id, at, record, children)

    def change_window(self, order: Order, at: datetime, **state: object) -> None:
        """The fulfilment order changed at `at`: its status, or `due_at` for another window."""
        if not self._world.has(at):
            return
        order.window |= state
        record = _fulfillment_order(order, at)
        children = [
            {
                "id": f"{_child(order, n, 'FulfillmentOrderLineItem')}",
                "totalQuantity": 1,
                "remainingQuantity": 0 if record["status"] == "CLOSED" else 1,
                "lineItem": {"id": _child(order, n, "LineItem")},
                "__parentId": order.fulfillment_order,
            }
            for n in range(len(order.goods))
        ]
        self._export("shopify/fulfillment_orders", order.fulfillment_order, at, record, children)

    def refund(self, order: Order, at: datetime, note: str, cents: int | None = None) -> None:
        """Money back, and the order says so."""
        if not self._world.has(at):
            return
        id = f"gid://shopify/Refund/{8_800_000_000_000 + order.number}"
        amount = order.total if cents is None else cents
        record = {
            "id": id,
            "createdAt": seconds_z(at),
            "updatedAt": seconds_z(at),
            "note": note,
            "order": {"id": order.id, "name": f"#{order.number}"},
            "totalRefundedSet": _money(amount),
            "orderAdjustments": []
            if cents is None
            else [{"reason": "CUSTOMER", "amountSet": _money(cents)}],
        }
        children = (
            [
                {
                    "id": _child(order, n, "RefundLineItem"),
                    "quantity": 1,
                    "restockType": "RETURN" if order.fulfillment else "CANCEL",
                    "restocked": True,
                    "subtotalSet": _money(GOODS[good][2]),
                    "lineItem": {"id": _child(order, n, "LineItem")},
                    "__parentId": id,
                }
                for n, good in enumerate(order.goods)
            ]
            if cents is None
            else []
        )
        self._export("shopify/refunds", id, at, record, children)
        whole = cents is None
        self.change(
            order,
            at,
            displayFinancialStatus="REFUNDED" if whole else "PARTIALLY_REFUNDED",
            **({"returnStatus": "RETURNED"} if whole and order.fulfillment else {}),
        )

    def send_back(self, order: Order, at: datetime, asked_at: datetime, reason: str) -> None:
        """A return that the customer asked for at `asked_at`, exported once it is approved."""
        if not self._world.has(at):
            return
        id = f"gid://shopify/Return/{9_900_000_000 + order.number}"
        record = {
            "id": id,
            "name": f"#{order.number}-R1",
            "status": "OPEN",
            "createdAt": seconds_z(asked_at),
            "requestApprovedAt": seconds_z(at),
            "order": {"id": order.id, "name": f"#{order.number}"},
            "totalQuantity": len(order.goods),
        }
        children = [
            {
                "id": _child(order, n, "ReturnLineItem"),
                "quantity": 1,
                "returnReason": RETURN_REASONS[reason],
                "returnReasonNote": reason,
                "__parentId": id,
            }
            for n in range(len(order.goods))
        ]
        self._export("shopify/returns", id, at, record, children)
        self.change(order, at, returnStatus="IN_PROGRESS")

    def close(self) -> None:
        """Export what is still pending; call once a customer's story has been told."""
        for stream, at, lines in self._pending.values():
            self._world.landing.put(stream, at, lines)
        self._pending.clear()

    def _export(
        self, stream: str, id: str, at: datetime, record: dict, children: list[dict]
    ) -> None:
        lines = b"\n".join([to_json(record), *(to_json(child) for child in children)])
        earlier = self._pending.get(id)
        if earlier and earlier[1].date() != at.date():
            self._world.landing.put(*earlier)
        self._pending[id] = (stream, at, lines)

    def _order(self, order: Order, at: datetime) -> dict:
        person = order.person
        email = person.email_at(order.placed_at) if person else None
        phone = person.phone if person and order.number % 3 else None
        customer = None
        pos = order.way == "pos"
        # At a till only a loyalty card says who buys.
        if person and person.shopify_customer and (not pos or person.loyalty_id):
            customer = {
                "id": f"gid://shopify/Customer/{person.shopify_customer}",
                "email": email,
                "phone": phone,
            }
        if customer or not pos:
            self._world.named(
                at,
                person,
                email=email,
                phone=phone,
                shopify_customer=str(person.shopify_customer) if customer and person else None,
            )
        if pos:
            email = phone = None
        return {
            "id": order.id,
            "legacyResourceId": order.id.rsplit("/", 1)[1],
            "name": f"#{order.number}",
            "number": order.number,
            "createdAt": seconds_z(order.placed_at),
            "processedAt": seconds_z(order.placed_at),
            "updatedAt": seconds_z(at),
            "cancelledAt": None,
            "cancelReason": None,
            "closedAt": None,
            "confirmed": True,
            "test": order.is_test,
            "currencyCode": "EUR",
            "customer": customer,
            "email": email,
            "phone": phone,
            "customerLocale": "en",
            "displayFinancialStatus": "PAID",
            "displayFulfillmentStatus": "FULFILLED" if pos else "UNFULFILLED",
            "returnStatus": "NO_RETURN",
            "sourceName": "pos" if pos else "web",
            "sourceIdentifier": f"{order.location}-till-1" if pos else None,
            "retailLocation": _retail_location(order.location) if pos else None,
            "tags": ["pickup"] if order.way == "pickup" else [],
            "totalPriceSet": _money(order.total),
            "shippingLine": None
            if pos
            else {"title": "Click and collect" if order.way == "pickup" else "Standard"},
            "fulfillments": [order.fulfillment] if order.fulfillment else [],
            **order.state,
        }


def ship(order: Order, at: datetime, expected_at: datetime) -> dict:
    """A parcel handed to the carrier at `at`."""
    return {
        "id": f"gid://shopify/Fulfillment/{4_400_000_000_000 + order.number}",
        "status": "SUCCESS",
        "displayStatus": "IN_TRANSIT",
        "createdAt": seconds_z(at),
        "updatedAt": seconds_z(at),
        "inTransitAt": seconds_z(at),
        "estimatedDeliveryAt": seconds_z(expected_at),
        "deliveredAt": None,
        "trackingInfo": [{"company": "Parcel Example", "number": f"PX{order.number:08d}"}],
        "location": {"id": _location_gid("warehouse"), "name": "warehouse"},
    }


def make_ready(order: Order, at: datetime) -> dict:
    """An order that lies ready for pickup in the store from `at` on."""
    return {
        "id": f"gid://shopify/Fulfillment/{4_400_000_000_000 + order.number}",
        "status": "SUCCESS",
        "displayStatus": "READY_FOR_PICKUP",
        "createdAt": seconds_z(at),
        "updatedAt": seconds_z(at),
        "inTransitAt": None,
        "estimatedDeliveryAt": None,
        "deliveredAt": None,
        "trackingInfo": [],
        "location": _retail_location(order.location),
    }


def queue_ticket(
    world: World,
    person: Person | None,
    location: str,
    at: datetime,
    service: str,
    outcome: str = "served",
    wait: int | None = None,
) -> None:
    """One ticket of the queue machine, exported when it is closed. `wait` in seconds."""
    rng = world.rng
    wait = int(rng.expovariate(1 / 420)) if wait is None else wait
    called_at = at + timedelta(seconds=wait)
    served_at = called_at + timedelta(seconds=rng.randint(5, 60))
    ended_at = served_at + timedelta(seconds=120 + int(rng.expovariate(1 / 300)))
    closed_at = ended_at if outcome == "served" else called_at + timedelta(seconds=90)
    phone = _as_typed(world, person.phone) if person and rng.random() < 0.55 else None
    loyalty = person.loyalty_id if person and rng.random() < 0.8 else None
    day = local_day(at)
    number = world.next(f"queue/{location}/{day}", 1)
    called = outcome == "served" or outcome == "no_show"
    row = (
        f"{location[:3].upper()}-{day:%y%m%d}-{number:03d}",
        location,
        service,
        with_offset(at),
        with_offset(called_at) if called else "",
        with_offset(served_at) if outcome == "served" else "",
        with_offset(closed_at),
        outcome,
        phone or "",
        loyalty or "",
    )
    if world.has(closed_at):
        world.landing.put("queue_tickets", closed_at, ",".join(row).encode())
        given = person.phone if person and phone else None
        world.named(closed_at, person, phone=given, loyalty_id=loyalty)


@dataclass(frozen=True)
class Appointment:
    """One slot in the book. `requested_by`: customer or company."""

    appointment_id: str
    person: Person
    location: str
    created_at: datetime
    start_at: datetime
    minutes: int
    created_by: str
    requested_by: str
    reschedule_of: str = ""


def book(
    world: World,
    person: Person,
    created_at: datetime,
    start_at: datetime,
    *,
    requested_by: str = "customer",
    reschedule_of: str = "",
) -> Appointment:
    """Book a slot and export it."""
    appointment = Appointment(
        appointment_id=f"A{world.number_at('appointment', created_at, 100_000)}",
        person=person,
        location=person.location,
        created_at=created_at,
        start_at=start_at,
        minutes=world.rng.choice((20, 30, 45)),
        created_by="online" if requested_by == "customer" else f"emp-{world.rng.randint(1, 40)}",
        requested_by=requested_by,
        reschedule_of=reschedule_of,
    )
    appointment_changed(world, appointment, "booked", created_at)
    return appointment


def appointment_changed(world: World, slot: Appointment, status: str, at: datetime) -> None:
    """The slot has a new status at `at`: a row of its own."""
    if not world.has(at):
        return
    email = slot.person.email_at(slot.created_at)
    row = (
        slot.appointment_id,
        email,
        _as_typed(world, slot.person.phone) or "",
        slot.location,
        seconds_z(slot.created_at),
        slot.created_by,
        with_offset(slot.start_at),
        with_offset(slot.start_at + timedelta(minutes=slot.minutes)),
        status,
        seconds_z(at),
        slot.reschedule_of,
        slot.requested_by,
    )
    world.landing.put("appointments", at, ",".join(row).encode())
    world.named(at, slot.person, email=email, phone=slot.person.phone)


def _fulfillment_order(order: Order, at: datetime) -> dict:
    pickup = order.way == "pickup"
    due_at = order.window.get("due_at", order.due_at)
    shown = seconds_z(due_at) if due_at and order.has_window else None
    return {
        "id": order.fulfillment_order,
        "orderId": order.id,
        "orderName": f"#{order.number}",
        "status": order.window.get("status", "OPEN"),
        "requestStatus": "UNSUBMITTED",
        "createdAt": seconds_z(order.placed_at + timedelta(seconds=30)),
        "updatedAt": seconds_z(at),
        "fulfillAt": seconds_z(order.placed_at),
        # Shopify shows a delivery window for parcels; for pickups only a deadline.
        "fulfillBy": shown if pickup else None,
        "deliveryMethod": {
            "methodType": "PICK_UP" if pickup else "SHIPPING",
            "presentedName": "Click and collect" if pickup else "Standard",
            "minDeliveryDateTime": seconds_z(due_at - timedelta(days=2))
            if due_at and shown and not pickup
            else None,
            "maxDeliveryDateTime": shown if not pickup else None,
            "brandedPromise": None,
        },
        "fulfillmentHolds": order.window.get("holds", []),
        "assignedLocation": {
            "name": order.location if pickup else "warehouse",
            "location": {"id": _location_gid(order.location if pickup else "warehouse")},
        },
    }


def _line_item(order: Order, n: int) -> dict:
    name, sku, cents = GOODS[order.goods[n]]
    return {
        "id": _child(order, n, "LineItem"),
        "name": name,
        "sku": sku,
        "quantity": 1,
        "originalUnitPriceSet": _money(cents),
        "__parentId": order.id,
    }


def _child(order: Order, n: int, type: str) -> str:
    return f"gid://shopify/{type}/{(2_200_000_000 + order.number) * 10 + n}"


def _money(cents: int) -> dict:
    money = {"amount": f"{cents / 100:.2f}", "currencyCode": "EUR"}
    return {"shopMoney": money, "presentmentMoney": money}


def _retail_location(location: str | None) -> dict:
    return {"id": _location_gid(location), "name": location}


def _location_gid(location: str | None) -> str:
    places = ("warehouse", *LOCATIONS)
    return f"gid://shopify/Location/{70_000_000 + places.index(location or 'warehouse')}"


def _as_typed(world: World, phone: str | None) -> str | None:
    """A number as people at a counter write it: E.164, spaced, or national in the US."""
    if phone is None:
        return None
    style = world.rng.random()
    if phone.startswith("+1") and style < 0.4:
        return f"({phone[2:5]}) {phone[5:8]}-{phone[8:]}"
    if style < 0.7:
        return f"{phone[:3]} {phone[3:6]} {phone[6:]}"
    return phone
