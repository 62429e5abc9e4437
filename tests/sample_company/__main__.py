"""Write the sample company's exports: `python -m tests.sample_company --out DIR --truth FILE`."""

import argparse
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.sample_company import clickstream
from tests.sample_company.company import simulate


def main() -> None:
    """Read the arguments, simulate, and say what was written."""
    parser = argparse.ArgumentParser(prog="tests.sample_company", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the landing folder to write")
    parser.add_argument("--truth", type=Path, help="where the truth goes (default: nowhere)")
    parser.add_argument("--size", type=int, default=3000, help="customers")
    parser.add_argument("--months", type=int, default=6)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--end", type=date.fromisoformat, default=date(2026, 6, 30))
    parser.add_argument("--only", choices=["segment"], help="web events alone, written fast")
    parser.add_argument("--events", type=int, default=1_000_000, help="how many, with --only")
    given = parser.parse_args()
    last = datetime(given.end.year, given.end.month, given.end.day, tzinfo=UTC)
    end = last + timedelta(days=1) - timedelta(seconds=1)
    if given.only:
        clickstream.write(given.out, given.events, given.seed, given.months, end)
        print(f"segment: {given.events} events in {given.out}")
        return
    files = simulate(given.out, given.truth, given.size, given.months, given.seed, end)
    by_source: dict[str, int] = {}
    for name, records in files.items():
        source = name.split("/", 1)[0]
        by_source[source] = by_source.get(source, 0) + records
    for source, records in by_source.items():
        print(f"{source}: {records} records")
    print(f"in all: {sum(by_source.values())} records in {len(files)} files")


if __name__ == "__main__":
    main()
