"""One Airflow of the tests' own, with a log of its own, for all tests of the DAGs."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dags.local.home import environment, home, prepare_database
from dags.local.run import prepare, read_dags
from ingestion.settings import Settings

ROOT = Path(tempfile.mkdtemp(prefix="journeys-dags-"))
atexit.register(shutil.rmtree, ROOT, ignore_errors=True)


def own_environment() -> dict[str, str]:
    """The variables of an Airflow below ROOT."""
    before = os.environ.get("JOURNEYS_ROOT")
    os.environ["JOURNEYS_ROOT"] = str(ROOT)
    try:
        return environment(Settings.read("dagtest"), "run")
    finally:
        os.environ.pop("JOURNEYS_ROOT")
        if before is not None:
            os.environ["JOURNEYS_ROOT"] = before


VARIABLES = own_environment()
# Airflow reads its settings when it is first imported, which the test modules do.
os.environ.update({name: value for name, value in VARIABLES.items() if "AIRFLOW" in name})


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """A state of its own for the tests of a file; the environment is put back after them."""
    before = dict(os.environ)
    os.environ.update(VARIABLES)
    settings = prepare("dagtest", "")
    yield settings
    for path in settings.root.iterdir():
        if path != settings.airflow:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def dags(settings: Settings) -> dict[str, Any]:
    """The DAGs by id, as the DAG processor reads them."""
    prepare_database(home(settings, "run"))
    return read_dags()


@pytest.fixture
def landing(settings: Settings) -> Path:
    """The landing folder of the tests' state."""
    return settings.landing
