"""Runs the commands that people type, on a tiny sample company in a folder of the test's own."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SIZE = "40"  # customers of the sample company: enough for every source to export something

Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of the sample company for all tests of this kind."""
    return tmp_path_factory.mktemp("end_to_end") / "sample"


@pytest.fixture(scope="session")
def make(root: Path) -> Make:
    """Run one make command on that state: make("run", AS_OF="...")."""

    def run(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")
        }
        environment |= {
            "JOURNEYS_ROOT": str(root),
            "JOURNEYS_SAMPLE_SIZE": SIZE,
            "MAKEFLAGS": "",
        }
        return subprocess.run(
            ["make", "--no-print-directory", command, *(f"{k}={v}" for k, v in variables.items())],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
        )

    return run


@pytest.fixture(scope="session")
def first_run(make: Make) -> subprocess.CompletedProcess[str]:
    """`make run` on an empty state."""
    return make("run")
