"""`python -m ingestion <command>`: what ingestion does by hand, with no schedule."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from ingestion.errors import IngestionError
from ingestion.mapping_check import report
from ingestion.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code; an error is one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m ingestion")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check-mapping", help="a dry run of a mapping.yml")
    check.add_argument("file", type=Path, help="the mapping.yml, or the folder that holds it")
    said = parser.parse_args(arguments)
    try:
        now = datetime.now(UTC).replace(tzinfo=None)
        for line in report(said.file, Settings.read(), now):
            print(line)
    except IngestionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
