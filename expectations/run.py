"""Runs Great Expectations over a table of records and says which rows failed, and why."""

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd

os.environ.setdefault("TQDM_DISABLE", "1")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


@dataclass(frozen=True)
class Failure:
    """One record (by its row number in the batch) that an expectation refused."""

    row: int
    expectation: str
    reason: str


def failures(frame: pd.DataFrame, name: str, suite: Sequence) -> list[Failure]:
    """Validate `frame` (one row a record, its index the row numbers) against `suite`.

    Returns one Failure a row and failed expectation. Raises RuntimeError where an expectation
    could not be evaluated at all: a check that did not run must not look like one that passed.
    """
    if frame.empty or not suite:
        return []
    import great_expectations as gx

    context = _context()
    source = context.data_sources.add_or_update_pandas(name)
    definition = source.add_dataframe_asset("records").add_batch_definition_whole_dataframe("all")
    rows = frame.index.to_numpy()
    batch = definition.get_batch({"dataframe": frame.reset_index(drop=True)})
    results = batch.validate(
        gx.ExpectationSuite(name=name, expectations=[e.copy(deep=True) for e in suite]),
        result_format={"result_format": "COMPLETE", "include_unexpected_rows": False},
    )
    found = []
    for result in results.results:
        config = result.expectation_config
        if _raised(result.exception_info or {}):
            raise RuntimeError(f"{name}: {config.type} did not run: {result.exception_info}")
        if result.success:
            continue
        reason = (config.meta or {}).get("reason", config.type)
        label = f"{config.type}({config.kwargs.get('column', '')})"
        found.extend(
            Failure(int(rows[index]), label, reason)
            for index in result.result["unexpected_index_list"]
        )
    return found


def _raised(info: Mapping[str, Any]) -> bool:
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(entry.get("raised_exception") for entry in info.values())


@lru_cache(maxsize=1)
def _context():
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="great_expectations")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context
