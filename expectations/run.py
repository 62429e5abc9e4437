"""Runs Great Expectations over the values of a batch and says which it refuses, and why.

Each distinct value is checked once: a million clicks have six kinds of call.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class Unexpected:
    """A value of a column that an expectation refused, and why."""

    column: str
    value: Any
    expectation: str
    reason: str


def unexpected(
    values: Mapping[str, pa.ChunkedArray], name: str, suite: Sequence
) -> list[Unexpected]:
    """Check the distinct `values` of each column against `suite` (expectations of one column).

    One entry a refused value, in the order of the suite. Raises RuntimeError where an expectation
    could not be evaluated at all: a check that did not run must not look like one that passed.
    """
    import great_expectations as gx

    longest = max((len(column) for column in values.values()), default=0)
    if not longest or not suite:
        return []
    # Columns of unequal length, as one frame: a shorter one repeats its first value.
    frame = pd.DataFrame(
        {
            column: _padded(distinct, longest).to_pandas(types_mapper=_nullable)
            for column, distinct in values.items()
            if len(distinct)
        }
    )
    source = _context().data_sources.add_or_update_pandas(name)
    definition = source.add_dataframe_asset("records").add_batch_definition_whole_dataframe("all")
    results = definition.get_batch({"dataframe": frame}).validate(
        gx.ExpectationSuite(name=name, expectations=[e.copy(deep=True) for e in suite]),
        result_format={"result_format": "COMPLETE", "include_unexpected_rows": False},
    )
    found: list[Unexpected] = []
    for result in results.results:
        config = result.expectation_config
        if _raised(result.exception_info or {}):
            raise RuntimeError(f"{name}: {config.type} did not run: {result.exception_info}")
        if result.success:
            continue
        column = config.kwargs["column"]
        distinct = values[column]
        found.extend(
            Unexpected(
                column,
                distinct[index].as_py(),
                f"{config.type}({column})",
                (config.meta or {}).get("reason", config.type),
            )
            for index in result.result["unexpected_index_list"]
            if index < len(distinct)
        )
    return found


def _padded(values: pa.ChunkedArray, length: int) -> pa.ChunkedArray:
    missing = length - len(values)
    if not missing:
        return values
    return pa.chunked_array(
        [*values.chunks, pa.repeat(values[0], missing).cast(values.type)], type=values.type
    )


def _nullable(type: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    return {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get(type)


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
