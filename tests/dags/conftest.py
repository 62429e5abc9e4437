"""One Airflow of the tests' own, with a log of its own, for all tests of the DAGs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dags.local.home import environment, home, prepare_database
from dags.local.run import prepare
from ingestion.settings import Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A state of its own, with Airflow's settings in force; the environment is put back after."""
    before = dict(os.environ)
    os.environ["JOURNEYS_ROOT"] = str(tmp_path_factory.mktemp("dags"))
    made = prepare("dagtest", "")
    os.environ.update(environment(made, "run"))
    yield made
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def dags(settings: Settings) -> dict[str, Any]:
    """The DAGs by id, as the DAG processor reads them."""
    prepare_database(home(settings, "run"))
    from dags.local.run import read_dags

    return read_dags()


@pytest.fixture
def landing(settings: Settings) -> Path:
    """The landing folder of the tests' state."""
    return settings.landing
