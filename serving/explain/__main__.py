"""Command line: `python -m serving.explain --customer … | --journey … | --promise …`."""

import argparse
import sys

from ingestion.errors import IngestionError
from ingestion.settings import Settings
from serving.errors import NotFound, ServingError
from serving.explain.stories import STORIES, explain


def main() -> int:
    """Print the story that was asked for."""
    parser = argparse.ArgumentParser(prog="make explain", description=__doc__)
    parser.add_argument("--name", default="sample")
    for kind in STORIES:
        parser.add_argument(f"--{kind}", default="")
    asked = vars(parser.parse_args())
    given = {kind: asked[kind].strip() for kind in STORIES if asked[kind].strip()}
    try:
        if len(given) != 1:
            raise NotFound(
                "say whose story, one of: CUSTOMER=<id> or CUSTOMER=<type>:<value>, "
                "JOURNEY=<id>, PROMISE=<id>"
            )
        ((kind, value),) = given.items()
        print("\n".join(explain(Settings.read(asked["name"]), kind, value)))
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
