"""Starts Superset on this machine over the current release, with the dashboard of this folder."""

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

from ingestion.errors import IngestionError
from ingestion.settings import Settings
from serving import publish
from serving.errors import ServingError

FOLDER = Path(__file__).parent
REPOSITORY = FOLDER.parents[1]
BIN = REPOSITORY / ".venv-superset" / "bin"


class SupersetFailed(ServingError):
    """Superset could not be prepared; says where it said why."""


def main() -> int:
    """Prepare Superset, say where it is, and be it until it is stopped."""
    parser = argparse.ArgumentParser(prog="make superset", description=__doc__)
    parser.add_argument("--name", default="sample")
    parser.add_argument("--port", type=int, default=8088)
    asked = parser.parse_args()
    try:
        settings = Settings.read(asked.name)
        if not isinstance(settings.published, Path):
            raise SupersetFailed(
                f"{settings.published}: the dashboard follows a folder of this machine, no store"
            )
        publish.current(settings)
        environment = prepare(settings)
    except (IngestionError, ServingError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"dashboard   http://127.0.0.1:{asked.port}/superset/dashboard/journeys/")
    print(f"user        admin, password in {state(settings) / 'admin_password'}")
    print("Ctrl-C ends it.", flush=True)
    server = str(BIN / "gunicorn")
    os.execve(
        server,
        [
            server,
            *("--bind", f"127.0.0.1:{asked.port}", "--workers", "1", "--threads", "8"),
            *("--timeout", "120", "--log-level", "warning", "superset.app:create_app()"),
        ],
        environment,
    )


def state(settings: Settings) -> Path:
    """Where this Superset keeps what it knows: its database, key, password and log."""
    return settings.root / "superset"


def prepare(settings: Settings) -> dict[str, str]:
    """Bring Superset's own database up and load the dashboard; the environment to run it in.

    Raises SupersetFailed. May be repeated: what is loaded replaces what was.
    """
    folder = state(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("secret_key", "admin_password"):
        write_secret(folder / name)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "JOURNEYS_SUPERSET": str(folder),
        "JOURNEYS_PUBLISHED": str(settings.published),
        "PYTHONPATH": str(FOLDER),
        "SUPERSET_CONFIG_PATH": str(FOLDER / "superset_config.py"),
        "FLASK_APP": "superset.app:create_app()",
    }
    said = folder / "prepare.log"
    with open(said, "w") as log:
        for step in (
            ["superset", "db", "upgrade"],
            ["superset", "init"],
            ["python", str(FOLDER / "load.py")],
        ):
            print(f"Superset: {' '.join(step[-2:])} ...", flush=True)
            done = subprocess.run(
                [str(BIN / step[0]), *step[1:]],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            if done.returncode:
                raise SupersetFailed(f"{' '.join(step)} failed, see {said}")
    return environment


def write_secret(path: Path) -> None:
    """Make a secret of its own for this Superset, readable by its user alone; once."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(42))


if __name__ == "__main__":
    sys.exit(main())
