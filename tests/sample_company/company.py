"""The whole company: its customers in blocks, from the first day to the last."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.sample_company import faults, story
from tests.sample_company.clock import months_before
from tests.sample_company.store import Order, Shop
from tests.sample_company.tickets import Desk
from tests.sample_company.truth import Truth
from tests.sample_company.world import World
from tests.sample_company.write import Landing

BLOCK = 6000  # customers whose records are held in memory at a time
FIRST_ORDER = 1001
STRANGERS = 0.35  # people who never say who they are, a customer


def simulate(
    out: Path, truth_file: Path | None, size: int, months: int, seed: int, end: datetime
) -> dict[str, int]:
    """Write the exports of `months` months up to `end` (UTC) below `out`, and the truth.

    Returns how many records each file holds. The same arguments give the same bytes.
    """
    year, month = months_before(end.date(), months)[0]
    start = datetime(year, month + 1, 1, tzinfo=UTC)
    truth, landing = Truth(), Landing(out)
    world = World(seed, start, end, landing, truth)
    systems = story.Systems(world, Shop(world), Desk(world))
    systems.desk.export_agents()
    faults.spoil(world)
    first_order = FIRST_ORDER
    for numbers in _blocks(size):
        planned = [story.plan(seed, number, start, end) for number in numbers]
        orders: list[Order] = [order for _, placed in planned for order in placed]
        for order in sorted(orders, key=lambda order: order.placed_at):
            order.number, first_order = first_order, first_order + 1
        for someone, placed in planned:
            story.live(systems, someone, placed)
        for number in numbers[: int(len(numbers) * STRANGERS)]:
            story.passes_by(systems, number)
        landing.close_block()
    faults.repeat_files(world)
    truth.files = landing.files
    if truth_file:
        settings = {"seed": seed, "size": size, "months": months, "end": end.isoformat()}
        truth.write(truth_file, settings, end)
    return landing.files


def _blocks(size: int) -> Iterator[range]:
    for first in range(0, size, BLOCK):
        yield range(first, min(size, first + BLOCK))
