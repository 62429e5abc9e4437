"""`python -m ingestion <command>`: what ingestion does by hand, with no schedule."""

import argparse
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ingestion.errors import IngestionError
from ingestion.mapping_check import report
from ingestion.quarantine import Quarantine
from ingestion.replay import describe, replay
from ingestion.settings import Settings
from ingestion.sources import find


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns the exit code; an error is one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m ingestion")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check-mapping", help="a dry run of a mapping.yml")
    check.add_argument("file", type=Path, help="the mapping.yml, or the folder that holds it")
    replayed = commands.add_parser("quarantine-replay", help="read again what was set aside")
    replayed.add_argument("--name", default=None, help="the pipeline, such as main or sample")
    replayed.add_argument("--sources", default="", help="folder of your exports, as in make run")
    said = parser.parse_args(arguments)
    try:
        now = datetime.now(UTC).replace(tzinfo=None)
        if said.command == "check-mapping":
            for line in report(said.file, Settings.read(), now):
                print(line)
        else:
            settings = Settings.read(said.name)
            if said.sources:
                settings = replace(settings, landing=Path(said.sources).expanduser().absolute())
            return replay_all(settings, now)
    except IngestionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def replay_all(settings: Settings, now: datetime) -> int:
    """Replay each source that has something set aside; one's mistake costs the others nothing."""
    quarantine = Quarantine(settings.quarantine)
    names = sorted({path.parent.name.removeprefix("source=") for path in quarantine.paths()})
    if not names:
        print("nothing is set aside")
    failed = False
    for name in names:
        try:
            print(describe(name, replay(find(name, settings), settings, now)))
        except IngestionError as error:
            failed = True
            print(f"error: {error}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
