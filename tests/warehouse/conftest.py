"""Scratch warehouses for the tests of the warehouse."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.warehouse.scored_warehouse import score_signals


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Builds scoring on given signals in a warehouse of its own; see `score_signals`."""

    def score(*arguments: object, **options: object) -> Path:
        return score_signals(tmp_path_factory.mktemp("scored"), *arguments, **options)  # type: ignore[arg-type]

    return score
