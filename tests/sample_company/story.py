"""What happens to the customers: every order, question, visit and mail, told once.

A plot is one way in which an order can go. Most go well. The rest differ in what was promised,
whether it was kept, and whether anybody said so: that is what the pipeline must find out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from tests.sample_company import mail, phone, store, web
from tests.sample_company.clock import day_after, local, local_day, seconds_z, working_day_after
from tests.sample_company.people import (
    LOCATIONS,
    SWITCHBOARD,
    SWITCHBOARD_EVERY,
    Person,
    person,
)
from tests.sample_company.store import GOODS, Order, Shop
from tests.sample_company.tickets import Desk
from tests.sample_company.truth import Promise
from tests.sample_company.world import World

DELIVERY_PLOTS = {
    "quiet": 70,
    "moved_and_told": 6,
    "moved_untold": 3,
    "moved_bounced": 2,
    "late_in_silence": 7,
    "lost": 3,
    "stock_out": 3,
    "returned": 6,
}
APPOINTMENT_PLOTS = {
    "kept": 58,
    "served_late": 5,
    "moved_by_customer": 8,
    "moved_by_company": 12,
    "called_off": 6,
    "cancelled": 7,
    "missed": 4,
}
PICKUP_PLOTS = {
    "quiet": 66,
    "ready_untold": 16,
    "ready_bounced": 5,
    "moved_and_told": 7,
    "late_in_silence": 6,
}


@dataclass
class Systems:
    """The company's systems, in one hand."""

    world: World
    shop: Shop
    desk: Desk


def plan(seed: int, number: int, start: datetime, end: datetime) -> tuple[Person, list[Order]]:
    """Customer `number` and the orders that they will place; the orders have no number yet."""
    someone = person(seed, number, start, end)
    rng = Random(f"{seed}/plan/{number}")
    count = rng.choices((0, 1, 2, 3, 5), (26, 40, 22, 9, 3))[0]
    length = (end - start).total_seconds()
    orders = []
    for _ in range(count):
        placed_at = start + timedelta(seconds=int(rng.uniform(0, length)))
        way = rng.choices(("delivery", "pickup", "pos"), (62, 23, 15))[0]
        if way == "pos":
            placed_at = local(local_day(placed_at), rng.randint(9, 19), rng.randint(0, 59))
        plots = {"delivery": DELIVERY_PLOTS, "pickup": PICKUP_PLOTS}.get(way, {"pos": 1})
        orders.append(
            Order(
                number=0,
                person=someone,
                placed_at=placed_at,
                way=way,
                plot=rng.choices(list(plots), list(plots.values()))[0],
                goods=[rng.randrange(len(GOODS)) for _ in range(rng.choice((1, 1, 1, 2, 3)))],
                location=someone.location if way != "delivery" else None,
                has_window=rng.random() > 0.04 or way == "pickup",
                is_test=rng.random() < 0.003,
            )
        )
    return someone, sorted(orders, key=lambda order: order.placed_at)


def live(systems: Systems, someone: Person, orders: list[Order]) -> None:
    """Everything that happens between one customer and the company."""
    world = systems.world
    world.rng = Random(f"{world.seed}/life/{someone.number}")
    plots = []
    for order in orders:
        plots.append(f"{order.way}/{order.plot}")
        if order.is_test:
            _place(systems, order)
        elif order.way == "pos":
            _buy_in_store(systems, order)
        elif order.way == "pickup":
            _pickup(systems, order)
        else:
            _delivery(systems, order)
    for happens, share in (
        (_look_around, 1.0),
        (_ask, 0.2),
        (_call_for_advice, 0.22),
        (_visit_store, 0.25),
        (_see_someone, 0.14),
        (_struggle_online, 0.16),
        (_chat, 0.03),
        (_read_campaigns, 1.0),
        (_use_store_tablet, 0.1),
    ):
        if world.rng.random() < share:
            happens(systems, someone)
    systems.shop.close()
    systems.desk.close()
    world.truth.lives(
        someone, [o.key for o in orders if o.person and o.placed_at <= world.end], plots
    )


def passes_by(systems: Systems, number: int) -> None:
    """A visitor, a caller or a buyer who never says who they are."""
    world = systems.world
    world.rng = rng = Random(f"{world.seed}/stranger/{number}")
    at = _moment(world)
    chance = rng.random()
    if chance < 0.6:
        # Some sites send a word where nobody is logged in; some visitors are machines.
        placeholder = "anonymous" if rng.random() < 0.05 else None
        agent = "ExampleBot/2.1 (+https://bot.example.org)" if rng.random() < 0.05 else None
        cookie = f"{rng.getrandbits(64):016x}"
        session = web.Session(world, None, at, cookie, placeholder=placeholder, agent=agent)
        web.browse(session, rng.randrange(1, 9))
    elif chance < 0.9:
        store.queue_ticket(
            world,
            None,
            rng.choice(LOCATIONS),
            _opening_time(world, at),
            rng.choice(("advice", "pickup", "returns")),
            rng.choices(("served", "left", "no_show"), (85, 10, 5))[0],
        )
    else:
        phone.call(world, None, _office_time(world, at), "opening_hours")


# orders


def _place(systems: Systems, order: Order) -> None:
    """A web order is placed, in a session, and confirmed by mail."""
    world, buyer = systems.world, order.person
    if buyer is None:
        raise ValueError("a web order has a buyer")
    known = buyer.is_known_at(order.placed_at)
    at = order.placed_at - timedelta(minutes=6)
    session = web.Session(
        world, buyer, at, _cookie(world, buyer, at), logged_in=known and world.rng.random() < 0.5
    )
    session.page("/products/1", "Product")
    session.track("Product Viewed", 20, product_id="P1", name=GOODS[order.goods[0]][0])
    session.track("Product Added", 15, product_id="P1", quantity=1)
    session.page("/checkout", "Checkout")
    session.track("Checkout Started", 10, value=order.total / 100, currency="EUR")
    if known:
        session.log_in()
        if world.rng.random() < 0.1:
            session.alias()
    else:
        session.give_mail()
    if world.rng.random() < 0.12:
        web.invalid_form(session, "checkout-address", ("postcode", "street"), submits=True)
    session.at = max(session.at, order.placed_at)
    session.track("Order Completed", 5, order_id=order.key, total=order.total / 100, currency="EUR")
    systems.shop.change(order, order.placed_at)
    mail.notify(world, buyer, order.placed_at + timedelta(minutes=1), "order_confirmed", order.key)


def _delivery(systems: Systems, order: Order) -> None:
    rng = systems.world.rng
    order.due_at = due = day_after(order.placed_at, rng.randint(4, 7), 20)
    _place(systems, order)
    promise = _promised_window(systems, order, due)
    ship_at = due - timedelta(days=rng.randint(2, 3), hours=rng.randint(1, 9))
    tell = {
        "quiet": _goes_well,
        "moved_and_told": _moved_and_told,
        "moved_untold": _moved_untold,
        "moved_bounced": _moved_bounced,
        "late_in_silence": _late_in_silence,
        "lost": _lost,
        "stock_out": _stock_out,
        "returned": _returned,
    }[order.plot]
    tell(systems, order, promise, ship_at, due)


def _promised_window(systems: Systems, order: Order, due: datetime) -> Promise:
    made_at = order.placed_at + timedelta(seconds=30)
    systems.shop.change_window(order, made_at, status="OPEN")
    buyer = order.person
    if buyer is None:
        raise ValueError("a promise is made to somebody")
    promise = Promise(
        promise=f"shopify/fulfillment_order/{order.fulfillment_order.rsplit('/', 1)[1]}",
        kind=order.way,
        source="shopify",
        record_type="fulfillment_order",
        record_key=order.fulfillment_order,
        customer=buyer.key,
        subject=f"order:{order.key}",
        plot=f"{order.way}/{order.plot}",
        made_at=made_at,
        due_at=due,
        needs_notice=order.way == "pickup",
    )
    # Without a window only the carrier's estimate remains: weaker, and not in this truth.
    return systems.world.promised(promise) if order.has_window else promise


def _ship(
    systems: Systems, order: Order, promise: Promise, at: datetime, expected: datetime
) -> None:
    systems.shop.change(
        order,
        at,
        displayFulfillmentStatus="FULFILLED",
        fulfillment=store.ship(order, at, expected),
    )
    systems.shop.change_window(order, at, status="CLOSED")
    told = mail.notify(
        systems.world, _buyer(order), at + timedelta(minutes=20), "order_shipped", order.key
    )
    promise.notice(at + timedelta(minutes=20), told, "order_shipped")


def _hand_over(systems: Systems, order: Order, promise: Promise, at: datetime) -> None:
    systems.shop.change(
        order,
        at + timedelta(minutes=3),
        fulfillment={"deliveredAt": seconds_z(at), "displayStatus": "DELIVERED"},
        closedAt=seconds_z(at + timedelta(minutes=3)),
    )
    promise.observed_at = at


def _goes_well(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    rng = systems.world.rng
    _ship(systems, order, promise, ship_at, due)
    at = day_after(due, -rng.choice((1, 1, 2)), rng.randint(9, 18), rng.randint(0, 59))
    _hand_over(systems, order, promise, max(at, ship_at + timedelta(hours=3)))
    if rng.random() < 0.05:
        asked_at = order.placed_at + timedelta(hours=30)
        _check_in(systems, order, promise, asked_at)
    if rng.random() < 0.04:
        care_at = _office_time(systems.world, at + timedelta(days=6))
        if _buyer(order).phone:
            phone.call(systems.world, _buyer(order), care_at, "care_call", order.key, outbound=True)


def _moved_and_told(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    rng = systems.world.rng
    moved_at = due - timedelta(days=2, hours=5)
    later = day_after(due, rng.randint(4, 7), 20)
    systems.shop.change_window(order, moved_at, due_at=later, status="IN_PROGRESS")
    told_at = moved_at + timedelta(hours=1)
    told = mail.notify(systems.world, _buyer(order), told_at, "delivery_delayed", order.key)
    promise.notice(told_at, told, "delivery_delayed")
    promise.revise(moved_at, later, told_at if told else None)
    shipped_at = later - timedelta(days=2, hours=6)
    if order.way == "pickup":
        _ready(systems, order, promise, shipped_at, tells=True)
        _collect(systems, order, promise, shipped_at + timedelta(days=1, hours=3))
        return
    _ship(systems, order, promise, shipped_at, later)
    _hand_over(systems, order, promise, later - timedelta(days=1, hours=rng.randint(3, 8)))


def _moved_untold(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    """The date moves in the system; nobody says so."""
    rng = systems.world.rng
    moved_at = due - timedelta(days=1, hours=4)
    later = day_after(due, rng.randint(4, 8), 20)
    systems.shop.change_window(order, moved_at, due_at=later, status="IN_PROGRESS")
    promise.revise(moved_at, later, None)
    _chase(systems, order, promise, due, later - timedelta(hours=30), rng.choice((0, 1, 1, 2)))
    _ship(systems, order, promise, later - timedelta(days=1, hours=5), later)
    _hand_over(systems, order, promise, later - timedelta(hours=rng.randint(2, 10)))


def _moved_bounced(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    """The new date is sent, and bounces."""
    rng = systems.world.rng
    moved_at = due - timedelta(days=2, hours=2)
    later = day_after(due, rng.randint(3, 7), 20)
    systems.shop.change_window(order, moved_at, due_at=later, status="IN_PROGRESS")
    mail.notify(systems.world, _buyer(order), moved_at, "delivery_delayed", order.key, bounces=True)
    promise.notice(moved_at, False, "delivery_delayed")
    promise.revise(moved_at, later, None)
    _chase(systems, order, promise, due, later - timedelta(hours=30), rng.choice((0, 1, 2)))
    _ship(systems, order, promise, later - timedelta(days=1, hours=9), later)
    _hand_over(systems, order, promise, later - timedelta(hours=rng.randint(2, 10)))


def _late_in_silence(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    rng = systems.world.rng
    days = rng.randint(3, 13)
    done_at = day_after(due, days, rng.randint(10, 18))
    _chase(systems, order, promise, due, done_at - timedelta(days=1), rng.choice((0, 1, 1, 2, 3)))
    if order.way == "pickup":
        _ready(systems, order, promise, done_at, tells=True)
        _collect(systems, order, promise, done_at + timedelta(days=1))
        return
    _ship(systems, order, promise, done_at - timedelta(days=1), done_at)
    _hand_over(systems, order, promise, done_at)
    if rng.random() < 0.15:
        sorry_at = _office_time(systems.world, done_at + timedelta(days=2))
        systems.shop.refund(order, sorry_at, "goodwill", cents=500)


def _lost(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    """The parcel never comes. Some get their money back, some hear nothing until the end."""
    world, rng = systems.world, systems.world.rng
    _ship(systems, order, promise, ship_at, due)
    end = due + timedelta(days=rng.randint(9, 16))
    _chase(systems, order, promise, due, end - timedelta(days=1), rng.choice((1, 2, 3)))
    if rng.random() < 0.3:
        return
    end = _office_time(world, end)
    systems.shop.change(order, end, cancelledAt=seconds_z(end), cancelReason="OTHER")
    promise.cancelled_at, promise.cancelled_by = end, "company"
    told = mail.notify(world, _buyer(order), end + timedelta(hours=1), "order_cancelled", order.key)
    promise.notice(end + timedelta(hours=1), told, "order_cancelled")
    _money_back(systems, order, end + timedelta(days=rng.randint(1, 6)), "lost in transit")


def _stock_out(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    world, rng = systems.world, systems.world.rng
    held_at = order.placed_at + timedelta(hours=rng.randint(10, 20))
    holds = [{"reason": "INVENTORY_OUT_OF_STOCK", "displayReason": "Inventory out of stock"}]
    systems.shop.change_window(order, held_at, status="ON_HOLD", holds=holds)
    at = held_at + timedelta(days=rng.randint(1, 2))
    systems.shop.change(order, at, cancelledAt=seconds_z(at), cancelReason="INVENTORY")
    systems.shop.change_window(order, at, status="CANCELLED", holds=[])
    promise.cancelled_at, promise.cancelled_by = at, "company"
    if rng.random() < 0.7:
        told = mail.notify(
            world, _buyer(order), at + timedelta(hours=2), "order_cancelled", order.key
        )
        promise.notice(at + timedelta(hours=2), told, "order_cancelled")
    else:
        _question(systems, order, due + timedelta(days=1, hours=15), "Where is my order?")
    _money_back(systems, order, at + timedelta(days=rng.choice((1, 2, 3, 9, 14))), "out of stock")


def _returned(
    systems: Systems, order: Order, promise: Promise, ship_at: datetime, due: datetime
) -> None:
    """It arrives, and is not what was ordered."""
    world, rng = systems.world, systems.world.rng
    _ship(systems, order, promise, ship_at, due)
    at = due - timedelta(days=1, hours=rng.randint(3, 9))
    _hand_over(systems, order, promise, at)
    reason = rng.choice(("wrong item", "not as described", "defective", "no longer wanted"))
    thread = mail.open_thread(_buyer(order), f"Return: {reason}", order.key, mail.RETURNS)
    wrote_at = at + timedelta(days=1, hours=2)
    mail.customer_writes(world, thread, wrote_at, f"I want to send it back: {reason}.")
    if rng.random() < 0.08:
        mail.away(world, thread, wrote_at + timedelta(hours=20))
    answered_at = _office_time(world, wrote_at + timedelta(days=rng.choice((1, 1, 1, 5))))
    mail.company_writes(
        world,
        thread,
        answered_at,
        "The label is attached. Your money is back within 5 days of its arrival.",
    )
    if reason != "no longer wanted" and rng.random() < 0.15:
        _money_back(systems, order, answered_at + timedelta(hours=1), "keep it")
        return
    systems.shop.send_back(order, answered_at, wrote_at, reason)
    refunded_at = answered_at + timedelta(days=rng.choice((4, 5, 6, 14, 20)))
    if refunded_at - answered_at > timedelta(days=10):
        chase_at = answered_at + timedelta(days=9)
        mail.customer_writes(world, thread, chase_at, "Where is my refund?")
        called_at = _office_time(world, chase_at + timedelta(days=2))
        if _buyer(order).phone:
            _call(systems, order, called_at, "refund")
    _money_back(systems, order, refunded_at, reason)


def _money_back(systems: Systems, order: Order, at: datetime, note: str) -> None:
    systems.shop.refund(order, at, note)
    mail.notify(systems.world, _buyer(order), at + timedelta(minutes=5), "refund_issued", order.key)


# pickups


def _pickup(systems: Systems, order: Order) -> None:
    world, rng = systems.world, systems.world.rng
    order.due_at = due = day_after(order.placed_at, rng.randint(3, 6), 19)
    _place(systems, order)
    promise = _promised_window(systems, order, due)
    if order.plot == "moved_and_told":
        _moved_and_told(systems, order, promise, due, due)
    elif order.plot == "late_in_silence":
        _late_in_silence(systems, order, promise, due, due)
    elif order.plot == "quiet":
        ready_at = due - timedelta(days=1, hours=rng.randint(1, 8))
        told = _ready(systems, order, promise, ready_at, tells=True)
        waits = timedelta(days=rng.randint(1, 3))
        _collect(systems, order, promise, ready_at + waits if told else due + 2 * waits)
    else:
        ready_at = due - timedelta(hours=rng.randint(2, 8))
        tries = order.plot == "ready_bounced"
        _ready(systems, order, promise, ready_at, tells=tries, bounces=tries)
        _nobody_said(systems, order, promise, due, world)


def _nobody_said(
    systems: Systems, order: Order, promise: Promise, due: datetime, world: World
) -> None:
    """It lies there, and the customer does not know: the story of the car."""
    rng, buyer = world.rng, _buyer(order)
    asked_at = _office_time(world, due + timedelta(days=rng.randint(2, 4)))
    told_at = _office_time(world, due + timedelta(days=rng.randint(6, 19)))
    if buyer.phone:
        inbound = _call(systems, order, asked_at, "where_is_my_order", promise, "callback_promised")
        called_back_at = working_day_after(asked_at, 16, 30)
        if rng.random() < 0.25:
            told_at = answered_at = called_back_at - timedelta(hours=2)
            _comes_back(systems, order, inbound, called_back_at, answered_at)
            promise.notice(answered_at, True, "callback")
        else:
            _comes_back(systems, order, inbound, called_back_at, None)
            if rng.random() < 0.4 and told_at - asked_at > timedelta(days=4):
                again_at = _office_time(world, asked_at + timedelta(days=3))
                _call(systems, order, again_at, "where_is_my_order", promise, "no_information")
    else:
        _mail_chase(systems, order, asked_at, promise)
    told = mail.notify(world, buyer, told_at, "ready_for_pickup", order.key)
    promise.notice(told_at, told, "ready_for_pickup")
    _collect(systems, order, promise, told_at + timedelta(days=rng.randint(1, 2)))


def _comes_back(
    systems: Systems,
    order: Order,
    inbound: phone.Call,
    due: datetime,
    answered_at: datetime | None,
) -> None:
    """ "I will find out and come back to you": a promise inside a promise."""
    buyer = _buyer(order)
    contact_id = phone.callback(systems.world, buyer, inbound, due, order.key, answered_at)
    promise = systems.world.promised(
        Promise(
            promise=f"connect/callback/{contact_id}",
            kind="callback",
            source="connect",
            record_type="contact",
            record_key=contact_id,
            customer=buyer.key,
            subject=f"order:{order.key}",
            plot=f"{order.way}/{order.plot}",
            made_at=inbound.ended_at + timedelta(seconds=20),
            due_at=due,
            needs_notice=False,
        )
    )
    promise.kept_internally_at = promise.observed_at = answered_at


def _ready(
    systems: Systems,
    order: Order,
    promise: Promise,
    at: datetime,
    *,
    tells: bool,
    bounces: bool = False,
) -> bool:
    """It lies ready. True if the customer was told."""
    told = False
    systems.shop.change(
        order, at, displayFulfillmentStatus="FULFILLED", fulfillment=store.make_ready(order, at)
    )
    systems.shop.change_window(order, at, status="CLOSED")
    promise.kept_internally_at = at
    if tells:
        told_at = at + timedelta(minutes=15)
        told = mail.notify(
            systems.world, _buyer(order), told_at, "ready_for_pickup", order.key, bounces=bounces
        )
        promise.notice(told_at, told, "ready_for_pickup")
    return told


def _collect(systems: Systems, order: Order, promise: Promise, at: datetime) -> None:
    world = systems.world
    at = _opening_time(world, at)
    store.queue_ticket(world, _buyer(order), order.location or LOCATIONS[0], at, "pickup")
    at += timedelta(minutes=12)
    systems.shop.change(
        order,
        at,
        fulfillment={"deliveredAt": seconds_z(at), "displayStatus": "PICKED_UP"},
        closedAt=seconds_z(at),
    )
    promise.observed_at = at


# customers who ask


def _chase(
    systems: Systems, order: Order, promise: Promise, due: datetime, until: datetime, count: int
) -> None:
    """The customer asks up to `count` times between the due and `until`, never before a day."""
    rng, buyer = systems.world.rng, _buyer(order)
    at = due + timedelta(days=1, hours=rng.randint(10, 18) + 10 * buyer.patience)
    for _ in range(count):
        at = _office_time(systems.world, at)
        if at >= until:
            return
        way = rng.choices(("phone", "ticket", "email"), (50, 30, 20))[0]
        if way == "phone" and not buyer.phone:
            way = "email"
        if way == "phone":
            outcome = rng.choices(
                ("callback_promised", "no_information", "date_given"), (30, 45, 25)
            )[0]
            inbound = _call(systems, order, at, "where_is_my_order", promise, outcome)
            if outcome == "callback_promised":
                _comes_back(systems, order, inbound, working_day_after(at, 17), None)
        elif way == "ticket":
            _question(systems, order, at, "Where is my order?", promise)
        else:
            _mail_chase(systems, order, at, promise)
        at += timedelta(days=1, hours=rng.randint(5, 40))


def _check_in(systems: Systems, order: Order, promise: Promise, at: datetime) -> None:
    at = _office_time(systems.world, at)
    if promise.observed_at and at >= promise.observed_at:
        return
    promise.contact(at, "email")
    thread = mail.open_thread(_buyer(order), "When will it come?", order.key)
    mail.customer_writes(systems.world, thread, at, "Is everything on its way?")
    mail.company_writes(systems.world, thread, at + timedelta(hours=3), "It is, as planned.")


def _mail_chase(systems: Systems, order: Order, at: datetime, promise: Promise) -> None:
    world, rng = systems.world, systems.world.rng
    promise.contact(at, "email")
    thread = mail.open_thread(_buyer(order), "Where is it?", order.key)
    mail.customer_writes(world, thread, at, "I was promised it days ago and heard nothing.")
    chance = rng.random()
    if chance < 0.4:
        return
    # An answer without a fix and without a date.
    answered_at = _office_time(world, at + timedelta(hours=26))
    mail.company_writes(
        world, thread, answered_at, "We are looking into it.", bounces=chance > 0.93
    )


def _call(
    systems: Systems,
    order: Order,
    at: datetime,
    reason: str,
    promise: Promise | None = None,
    outcome: str = "resolved",
) -> phone.Call:
    """A call about an order: a busy queue, sometimes handed on, sometimes given up first."""
    world, rng = systems.world, systems.world.rng
    if rng.random() < 0.18:
        phone.call(world, order.person, at, reason, order.key, wait=420, abandons=True)
        if promise:
            promise.contact(at, "phone")
        at += timedelta(minutes=25)
    if promise:
        promise.contact(at, "phone")
    transfers = rng.choices((0, 1, 2), (72, 22, 6))[0]
    return phone.call(
        world, order.person, at, reason, order.key, transfers=transfers, outcome=outcome
    )


def _question(
    systems: Systems, order: Order, at: datetime, subject: str, promise: Promise | None = None
) -> None:
    """A ticket about an order; answered in time, late, with an excuse, or never."""
    if promise:
        promise.contact(at, "email")
    desk, rng, buyer = systems.desk, systems.world.rng, _buyer(order)
    plot = rng.choices(("in_time", "late", "excuse", "never"), (45, 20, 25, 10))[0]
    ticket = desk.open(buyer, at, subject, "Please tell me.", order.key, plot=f"reply/{plot}")
    if plot == "never":
        desk.never_answered(ticket)
        return
    if plot == "late":
        desk.agent_notes(ticket, at + timedelta(hours=5), "Asked the warehouse.")
        desk.reassign(ticket, at + timedelta(hours=30))
        desk.agent_writes(ticket, at + timedelta(hours=rng.randint(52, 90)), "It ships tomorrow.")
    else:
        text = "We are looking into it." if plot == "excuse" else "It arrives in three days."
        desk.agent_writes(ticket, at + timedelta(hours=rng.randint(2, 14)), text)
    solved_at = at + timedelta(days=5)
    desk.solve(ticket, solved_at, "I believe that it has arrived by now.")
    if plot == "excuse":
        reopened_at = solved_at + timedelta(hours=20)
        if promise:
            promise.contact(reopened_at, "email")
        desk.customer_writes(ticket, reopened_at, "No, it has not.", plot="reply/reopened")
        desk.solve(ticket, reopened_at + timedelta(hours=rng.randint(2, 12)), "You are right.")


# without an order


def _ask(systems: Systems, someone: Person) -> None:
    """A question by ticket, sometimes with a task that has a date."""
    desk, rng = systems.desk, systems.world.rng
    at = _moment(systems.world)
    plot = rng.choices(("in_time", "late", "task_kept", "task_broken"), (62, 18, 12, 8))[0]
    ticket = desk.open(
        someone,
        at,
        rng.choice(("Which lamp fits?", "Invoice needed", "Change of address", "Care of oak")),
        "Could you help me?",
        via=rng.choice(("web", "email", "web")),
        tags=(rng.choice(("advice", "billing", "account")),),
        plot=f"reply/{plot}",
    )
    hours = rng.randint(52, 100) if plot == "late" else rng.randint(1, 16)
    if plot.startswith("task"):
        answered_at = at + timedelta(hours=hours)
        desk.agent_writes(ticket, answered_at, "I will find out until then.", status="open")
        due = day_after(answered_at, 3, 17)
        desk.promise_task(ticket, answered_at + timedelta(minutes=1), due, f"task/{plot}")
        kept = plot == "task_kept"
        done_at = due + (-timedelta(hours=30) if kept else timedelta(days=rng.randint(3, 9)))
        desk.solve(ticket, done_at, "Here is the answer.")
        return
    desk.agent_writes(ticket, at + timedelta(hours=hours), "Gladly: see the attached page.")
    desk.solve(ticket, at + timedelta(hours=hours + 30), "We close this for now.")


def _call_for_advice(systems: Systems, someone: Person) -> None:
    world, rng = systems.world, systems.world.rng
    if not someone.phone:
        return
    at = _office_time(world, _moment(world))
    reason = rng.choice(("product_advice", "billing", "opening_hours", "complaint"))
    gives_up = rng.random() < 0.12
    from_office = someone.number % SWITCHBOARD_EVERY == 5
    phone.call(
        world,
        someone,
        at,
        reason,
        abandons=gives_up,
        wait=300 if gives_up else None,
        transfers=rng.choices((0, 1), (85, 15))[0],
        outcome=rng.choices(("resolved", "no_information"), (85, 15))[0],
        number=SWITCHBOARD if from_office else None,
    )


def _chat(systems: Systems, someone: Person) -> None:
    at = _office_time(systems.world, _moment(systems.world))
    phone.call(systems.world, someone, at, "product_advice", channel="CHAT", wait=20)


def _visit_store(systems: Systems, someone: Person) -> None:
    world, rng = systems.world, systems.world.rng
    at = _opening_time(world, _moment(world))
    outcome = rng.choices(("served", "left", "no_show"), (86, 10, 4))[0]
    wait = 1500 if outcome == "left" else None
    service = rng.choice(("advice", "returns", "repair"))
    store.queue_ticket(world, someone, someone.location, at, service, outcome, wait)


def _buy_in_store(systems: Systems, order: Order) -> None:
    rng = systems.world.rng
    if rng.random() < 0.45:
        order.person = None  # a walk-in: the till knows nobody
    systems.shop.change(order, order.placed_at)
    if rng.random() < 0.06:
        back_at = _opening_time(systems.world, order.placed_at + timedelta(days=6))
        store.queue_ticket(
            systems.world, order.person, order.location or LOCATIONS[0], back_at, "returns"
        )
        systems.shop.refund(order, back_at + timedelta(minutes=20), "defective")


def _see_someone(systems: Systems, someone: Person) -> None:
    """An appointment: kept, moved by either side, called off, or missed."""
    world, rng = systems.world, systems.world.rng
    created_at = _office_time(world, _moment(world))
    start_at = day_after(created_at, rng.randint(5, 20), rng.randint(10, 17), rng.choice((0, 30)))
    slot = store.book(world, someone, created_at, start_at)
    plot = rng.choices(list(APPOINTMENT_PLOTS), list(APPOINTMENT_PLOTS.values()))[0]
    promise = _promised_slot(systems, slot, f"appointment/{plot}")
    confirmed_at = created_at + timedelta(minutes=2)
    mail.notify(world, someone, confirmed_at, "appointment_confirmed")
    store.appointment_changed(world, slot, "confirmed", confirmed_at)
    if plot in ("moved_by_customer", "moved_by_company"):
        # The company asks at five in the afternoon for nine the next morning.
        by = plot.removeprefix("moved_by_")
        moved_at = start_at - timedelta(hours=30) if by == "company" else created_at + timedelta(2)
        store.appointment_changed(world, slot, "rescheduled", moved_at)
        promise.cancelled_at, promise.cancelled_by = moved_at, by
        again_at = day_after(moved_at, 1, 9) if by == "company" else start_at + timedelta(days=7)
        slot = store.book(
            world,
            someone,
            moved_at,
            again_at,
            requested_by=by,
            reschedule_of=slot.appointment_id,
        )
        mail.notify(world, someone, moved_at + timedelta(minutes=1), "appointment_moved")
        promise = _promised_slot(systems, slot, f"appointment/{plot}")
        plot = "kept"
    elif plot == "called_off":
        off_at = start_at - timedelta(hours=20)
        store.appointment_changed(world, slot, "cancelled_by_company", off_at)
        promise.cancelled_at, promise.cancelled_by = off_at, "company"
        mail.notify(world, someone, off_at + timedelta(minutes=5), "appointment_cancelled")
    elif plot == "cancelled":
        off_at = start_at - timedelta(days=2)
        store.appointment_changed(world, slot, "cancelled_by_customer", off_at)
        promise.cancelled_at, promise.cancelled_by = off_at, "customer"
    elif plot == "missed":
        missed_at = start_at + timedelta(minutes=30)
        store.appointment_changed(world, slot, "no_show", missed_at)
        promise.cancelled_at, promise.cancelled_by = missed_at, "customer"
    if plot in ("kept", "served_late"):
        reminder_at = slot.start_at - timedelta(hours=14)
        if reminder_at > slot.created_at:
            mail.notify(world, someone, reminder_at, "appointment_reminder")
        minutes = rng.randint(60, 100) if plot == "served_late" else rng.choice((-4, -1, 0))
        served_at = slot.start_at + timedelta(minutes=minutes)
        store.appointment_changed(world, slot, "served", served_at)
        promise.kept_internally_at = promise.observed_at = served_at


def _promised_slot(systems: Systems, slot: store.Appointment, plot: str) -> Promise:
    return systems.world.promised(
        Promise(
            promise=f"appointments/appointment/{slot.appointment_id}",
            kind="appointment",
            source="appointments",
            record_type="appointment",
            record_key=slot.appointment_id,
            customer=slot.person.key,
            subject=f"appointment:{slot.appointment_id}",
            plot=plot,
            made_at=slot.created_at,
            due_at=slot.start_at,
            needs_notice=False,
        )
    )


def _look_around(systems: Systems, someone: Person) -> None:
    world, rng = systems.world, systems.world.rng
    for _ in range(rng.choices((1, 2, 3, 5), (42, 30, 18, 10))[0]):
        at = _moment(world)
        session = web.Session(
            world, someone, at, _cookie(world, someone, at), referrer="https://search.example.org/"
        )
        web.browse(session, rng.randrange(2, 10))
        if someone.is_known_at(at) and rng.random() < 0.35:
            session.page("/login", "Login")
            session.track("Login Succeeded", 1)
            session.log_in()
            session.page("/account", "Account")


def _struggle_online(systems: Systems, someone: Person) -> None:
    """A visit on which nothing works."""
    world, rng = systems.world, systems.world.rng
    at = _moment(world)
    session = web.Session(world, someone, at, _cookie(world, someone, at))
    session.page("/", "Home")
    for trouble in rng.sample(_TROUBLES, 3):
        trouble(session)
    if someone.user_id and rng.random() < 0.4:
        session.page("/login", "Login")
        for _ in range(rng.choice((1, 2, 4))):
            session.track("Login Failed", 8, reason="wrong_password")
        if someone.is_known_at(at):
            session.track("Login Succeeded", 1)
            session.log_in()


def _no_result(session: web.Session) -> None:
    for query in ("oka shelf", "oak shelv", "shelf oak 80cm"):
        session.track("Products Searched", 9, query=query, results_count=0)


def _error(session: web.Session) -> None:
    code, blocking = session.rng.choice((("E500", True), ("E404", False), ("PAY-12", True)))
    session.track("Error Shown", 12, code=code, blocking=blocking)


def _refused_form(session: web.Session) -> None:
    session.page("/account/address", "Address")
    refused = ("postcode",) * session.rng.randrange(1, 4) + ("phone",)
    web.invalid_form(session, "account-address", refused, submits=session.rng.random() < 0.5)


def _given_up_checkout(session: web.Session) -> None:
    session.page("/checkout", "Checkout")
    session.track("Checkout Started", 40, value=49.9, currency="EUR")
    session.track("Form Started", 60, form_id="checkout-payment")
    session.track("Form Abandoned", 5, form_id="checkout-payment")


def _slow_page(session: web.Session) -> None:
    session.page("/products/7", "Product")
    session.track("Page Loaded", 2, load_ms=session.rng.randrange(6000, 14000))


_TROUBLES: tuple[Callable[[web.Session], None], ...] = (
    _no_result,
    _error,
    _refused_form,
    _given_up_checkout,
    _slow_page,
    lambda session: web.rage_clicks(session, "#add-to-cart", 6),
    lambda session: web.dead_click(session, ".hero-banner"),
)


def _use_store_tablet(systems: Systems, someone: Person) -> None:
    """The tablet in the store is everybody's: its cookie belongs to no one."""
    world, rng = systems.world, systems.world.rng
    at = _opening_time(world, _moment(world))
    if not someone.is_known_at(at):
        return
    session = web.Session(world, someone, at, f"tablet-{someone.location}")
    web.browse(session, rng.randrange(1, 4))
    session.log_in()
    session.page("/account", "Account")


def _read_campaigns(systems: Systems, someone: Person) -> None:
    world = systems.world
    if not someone.wants_marketing:
        return
    at = local(local_day(world.start), 8) + timedelta(days=9, seconds=someone.number % 3600)
    while at <= world.end:
        mail.notify(world, someone, at, "newsletter", is_marketing=True)
        at += timedelta(days=28)


# times


def _moment(world: World) -> datetime:
    """Any instant of the period, more likely by day than by night."""
    length = (world.end - world.start).days
    hour = world.rng.choices(range(24), (1,) * 6 + (3,) * 3 + (6,) * 12 + (3,) * 3)[0]
    day = world.start + timedelta(days=world.rng.randrange(length), hours=hour)
    return day + timedelta(seconds=world.rng.randrange(3600))


def _office_time(world: World, at: datetime) -> datetime:
    """The same day from 9:00 to 17:59 local, and Monday where that is a weekend."""
    day = local_day(at)
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
    rng = world.rng
    return local(day, rng.randint(9, 17), rng.randint(0, 59), rng.randint(0, 59))


def _opening_time(world: World, at: datetime) -> datetime:
    """The same day from 10:00 to 18:59 local."""
    rng = world.rng
    return local(local_day(at), rng.randint(10, 18), rng.randint(0, 59), rng.randint(0, 59))


def _cookie(world: World, someone: Person, at: datetime) -> str:
    """A device of the customer; each customer's second device is used later on."""
    return world.rng.choice(someone.cookies)


def _buyer(order: Order) -> Person:
    if order.person is None:
        raise ValueError(f"order {order.number} has no buyer")
    return order.person
