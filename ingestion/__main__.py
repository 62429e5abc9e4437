"""`python -m ingestion <command>`: what ingestion does by hand, with no schedule."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from ingestion.errors import IngestionError
from ingestion.mapping_check import report
from ingestion.replay import describe, replay
from ingestion.settings import Settings
from ingestion.sources import all_sources


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code; an error is one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m ingestion")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check-mapping", help="a dry run of a mapping.yml")
    check.add_argument("file", type=Path, help="the mapping.yml, or the folder that holds it")
    replayed = commands.add_parser("quarantine-replay", help="read again what was set aside")
    replayed.add_argument("--name", default=None, help="the pipeline, such as main or sample")
    said = parser.parse_args(arguments)
    try:
        now = datetime.now(UTC).replace(tzinfo=None)
        if said.command == "check-mapping":
            for line in report(said.file, Settings.read(), now):
                print(line)
        else:
            settings = Settings.read(said.name)
            for name, source in all_sources(settings).items():
                print(describe(name, replay(source, settings, now)))
    except IngestionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
