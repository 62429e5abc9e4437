"""Writes decay_weights.csv: the integer weight of every hour within an epoch, per half-life.

g(k) = round(2^30 · 2^(k/h)) for k = 0 … 32h − 1 hours (friction model 5.2), worked out to 60
digits so that no machine's floating point takes part. Run it again only for a new half-life:

    python dbt_project/seeds/make_decay_weights.py
"""

import csv
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from pathlib import Path

HALF_LIFE_HOURS = (168, 336, 672)  # 7, 14 and 28 days
EPOCH_HALF_LIVES = 32
WEIGHT_BITS = 30


def weight(k: int, half_life_hours: int) -> int:
    """The weight of hour `k` of an epoch, as a whole number of 2^-30ths."""
    getcontext().prec = 60
    exact = Decimal(2) ** (WEIGHT_BITS + Decimal(k) / half_life_hours)
    return int(exact.to_integral_value(ROUND_HALF_EVEN))


def main() -> None:
    """Write one row per half-life (in hours) and hour k."""
    path = Path(__file__).with_name("decay_weights.csv")
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("half_life_hours", "k", "weight"))
        for hours in HALF_LIFE_HOURS:
            for k in range(EPOCH_HALF_LIVES * hours):
                writer.writerow((hours, k, weight(k, hours)))


if __name__ == "__main__":
    main()
