"""Holds the built tables against their expectations.

Great Expectations runs in SQL inside DuckDB. GX 1.24 closes a DuckDB connection before it
fetches from it, and then reports every check as failed for no reason; so the connection is kept
open here (see `kept_connection`).
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.published import impersonal

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )


@dataclass(frozen=True)
class Check:
    """One expectation of one table and what came of it."""

    table: str
    expectation: str
    subject: str
    reason: str
    passed: bool
    observed: str


@dataclass(frozen=True)
class Audit:
    """What came of an audit: our words for each expectation, and GX's own result by table."""

    checks: Sequence[Check]
    results: Sequence["ExpectationSuiteValidationResult"]


def audit(
    warehouse: Path,
    relations: Mapping[str, str],
    suites: Mapping[str, Sequence[Any]],
    memory_limit: str,
) -> Audit:
    """Check every table that has a suite.

    `relations` maps a table to its SQL name; `memory_limit` is what DuckDB may use.
    A table with a suite and no relation fails: a published table is missing. Raises RuntimeError
    where an expectation could not be evaluated: that is no pass.
    """
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    checks, validated = [], []
    with kept_connection() as connections:
        source = context.data_sources.add_sql(
            "warehouse",
            connection_string=f"duckdb:///{warehouse}?access_mode=READ_ONLY"
            f"&memory_limit={memory_limit}",
            create_temp_table=False,
        )
        for table, suite in sorted(suites.items()):
            if table not in relations:
                checks.append(
                    Check(table, "expect_table_to_exist", "", "it is published", False, "missing")
                )
                continue
            asset = source.add_query_asset(table, f"select * from {relations[table]}")
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            expectations = gx.ExpectationSuite(name=table, expectations=list(suite))
            found = batch.validate(expectations, result_format="SUMMARY")
            for result in found.results:
                checks.extend(check(table, one) for one in one_by_one(batch, result))
            validated.append(found)
        # A connection left open would keep the file from its next writer.
        for connection in connections:
            connection.close()
            connection.engine.dispose()
        source.get_engine().dispose()
    return Audit(checks, validated)


def one_by_one(batch: Any, result: Any) -> Sequence[Any]:
    """The result; where text columns that were read together fail, those of the columns that do."""
    columns = (result.expectation_config.meta or {}).get("columns", ())
    if result.success or len(columns) < 2:
        return [result]
    alone = [batch.validate(impersonal([column]), result_format="SUMMARY") for column in columns]
    return [each for each in alone if not each.success]


@contextmanager
def kept_connection() -> Iterator[list]:
    """Keep one connection an engine for as long as this lasts; yields those that were opened."""
    from great_expectations.execution_engine import SqlAlchemyExecutionEngine

    opened: list = []

    @contextmanager
    def get_connection(self):
        if not self._connection:
            self._connection = self.engine.connect()
            opened.append(self._connection)
        yield self._connection

    original = SqlAlchemyExecutionEngine.get_connection
    SqlAlchemyExecutionEngine.get_connection = get_connection  # type: ignore[method-assign]
    try:
        yield opened
    finally:
        SqlAlchemyExecutionEngine.get_connection = original  # type: ignore[method-assign]


def check(table: str, result: Any) -> Check:
    """One result of Great Expectations in our words."""
    config = result.expectation_config
    if raised := raised_message(result.exception_info or {}):
        raise RuntimeError(f"{table}: {config.type} could not be evaluated: {raised}")
    limits = {
        key: value
        for key, value in config.kwargs.items()
        if key not in ("batch_id", "column") and not key.startswith("column_")
    }
    subject = ", ".join(
        str(value) for key, value in config.kwargs.items() if key.startswith("column")
    )
    return Check(
        table=table,
        expectation=f"{config.type}{limits or ''}",
        subject=subject,
        reason=(config.meta or {}).get("reason", ""),
        passed=bool(result.success),
        observed=observed(result.result or {}),
    )


def observed(result: Mapping[str, Any]) -> str:
    """What was found, in a few words."""
    if "observed_value" in result:
        return str(result["observed_value"])
    if "unexpected_count" in result:
        return f"{result['unexpected_count']} of {result['element_count']} rows unexpected"
    return ""


def raised_message(info: Mapping[str, Any]) -> str:
    """The message of the exception that kept an expectation from being evaluated, or ''."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return next(
        (
            str(entry["exception_message"]).partition("\n")[0]
            for entry in entries
            if entry.get("raised_exception")
        ),
        "",
    )
