"""The signals that may come through the doors: read from the seed that the score is made of."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SEED = Path(__file__).parents[1] / "dbt_project" / "seeds" / "friction_catalogue.csv"


@dataclass(frozen=True)
class Signal:
    """What the doors need to know of a signal. A measured one needs a measure, in `unit`."""

    is_measured: bool
    unit: str | None


def _read() -> Mapping[str, Signal]:
    with SEED.open(newline="", encoding="utf-8") as file:
        return {
            row["signal"]: Signal(row["kind"] == "excess", row["unit"] or None)
            for row in csv.DictReader(file)
        }


SIGNALS = _read()
