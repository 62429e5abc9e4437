"""Where Airflow keeps its own state on this machine, and the settings it runs with here.

Hand-started runs and the standing processes have a home each: a scheduler would otherwise take
up the runs that a killed hand-started one left behind.
"""

import json
import os
import secrets
from importlib import metadata
from pathlib import Path

from ingestion.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]


def home(settings: Settings, kind: str) -> Path:
    """Airflow's folder for `kind`: 'run' (by hand) or 'up' (standing)."""
    return settings.airflow / kind


def environment(settings: Settings, kind: str, port: int = 8080) -> dict[str, str]:
    """The environment variables of an Airflow that serves this state, and calls nobody.

    Servers listen on the loopback address only; secrets are made once and kept with mode 0600.
    """
    folder = home(settings, kind)
    folder.mkdir(parents=True, exist_ok=True)
    kept = own_secrets(folder)
    return {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW_CONFIG": str(folder / "airflow.cfg"),
        "PYTHONPATH": str(REPOSITORY),
        "JOURNEYS_NAME": settings.name,
        "JOURNEYS_ROOT": str(settings.root),
        "JOURNEYS_LANDING": str(settings.landing),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": kept["fernet"],
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__SECRET_KEY": kept["web"],
        "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt"],
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "15",
        # A new mapped folder in landing becomes a DAG of its own when its file is parsed again.
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "15",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def own_secrets(folder: Path) -> dict[str, str]:
    """The keys of this Airflow, made on first use."""
    path = folder / "secrets.json"
    if not path.exists():
        from cryptography.fernet import Fernet

        kept = {
            "fernet": Fernet.generate_key().decode(),
            "web": secrets.token_urlsafe(32),
            "jwt": secrets.token_urlsafe(64),
        }
        part = folder / f".secrets.{os.getpid()}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(kept, file)
        part.replace(path)
    return json.loads(path.read_text())


def prepare_database(folder: Path) -> None:
    """Make or upgrade Airflow's database, unless it is whole. Airflow's settings must be in force.

    A first run killed half-way leaves no mark of wholeness, so the next one begins afresh.
    """
    whole = folder / "database.whole"
    version = metadata.version("apache-airflow")
    if whole.exists() and whole.read_text() == version:
        return
    if not whole.exists():
        for path in folder.glob("airflow.db*"):
            path.unlink()
    from airflow.utils.db import initdb

    initdb()
    whole.write_text(version)
