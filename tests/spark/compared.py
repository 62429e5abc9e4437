"""The published tables of two states of one log, compared row by row."""

import math
from itertools import zip_longest
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import Settings
from serving import warehouse
from serving.marts import marts

# Floating point begins at the scores; sums of it depend on the rows' order on either engine.
RELATIVE, ABSOLUTE = 1e-9, 1e-9


def settings_of(root: Path, **environment: str) -> Settings:
    """The settings of a state, as read where these variables are set (JOURNEYS_ left out)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JOURNEYS_ROOT", str(root))
        for key, value in environment.items():
            patch.setenv(f"JOURNEYS_{key}", value)
        return Settings.read("test")


def built(root: Path, **environment: str) -> str:
    """Build the warehouse of a state, the data tests of the project left out; return the scope."""
    with pytest.MonkeyPatch.context() as patch:
        for key, value in environment.items():
            patch.setenv(f"JOURNEYS_{key}", value)
        run = warehouse.subprocess.run
        patch.setattr(
            warehouse.subprocess,
            "run",
            lambda arguments, **options: run(
                [*arguments, "--exclude-resource-type", "test"], **options
            ),
        )
        return warehouse.build(settings_of(root, **environment)).scope


def differences(left: Path, right: Path) -> dict[str, str]:
    """Of each published table that is not the same in both states, the first difference."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for name, root in (("l", left), ("r", right)):
            connection.execute(f"attach '{root}/warehouse.duckdb' as {name} (read_only)")
        for mart in marts(settings_of(left)):
            difference = first_difference(connection, mart.name)
            if difference:
                found[mart.name] = difference
    return found


def first_difference(connection: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """What differs first between l.<table> and r.<table>: columns and types, or a row."""
    columns = [
        connection.execute(f"describe {side}.main.{table}").fetchall() for side in ("l", "r")
    ]
    named = [[row[:2] for row in side] for side in columns]
    if named[0] != named[1]:
        return f"columns: {sorted(set(named[0]) ^ set(named[1]))}"
    # Exact columns first, so that rows meet whatever the last digit of a floating number is.
    names = [f'"{name}"' for name, type_ in named[0] if type_ != "DOUBLE"]
    names += [f'"{name}"' for name, type_ in named[0] if type_ == "DOUBLE"]
    rows = [
        connection.execute(
            f"select {', '.join(names)} from {side}.main.{table} order by all"
        ).fetchall()
        for side in ("l", "r")
    ]
    for one, other in zip_longest(*rows):
        if one is None or other is None:
            return f"only in one of them: {one or other}"
        for name, a, b in zip(names, one, other, strict=True):
            if not same(a, b):
                return f"{name}: {a!r} and {b!r} in {one}"
    return None


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; floating numbers to the last digits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return type(one) is type(other) and one == other
