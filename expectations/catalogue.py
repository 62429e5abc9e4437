"""What may come in by name: signals, calendars and types of identifiers, read from the seeds."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SEEDS = Path(__file__).parents[1] / "dbt_project" / "seeds"


@dataclass(frozen=True)
class Signal:
    """What the doors need to know of a signal. A measured one needs a measure, in `unit`."""

    is_measured: bool
    unit: str | None


def _rows(seed: str) -> list[dict[str, str]]:
    with (SEEDS / f"{seed}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


SIGNALS: Mapping[str, Signal] = {
    row["signal"]: Signal(row["kind"] == "excess", row["unit"] or None)
    for row in _rows("friction_catalogue")
}
IDENTIFIER_TYPES = frozenset(row["identifier_type"] for row in _rows("identifier_types")) - {"*"}
CALENDARS = frozenset(row["calendar_id"] for row in _rows("calendars"))
