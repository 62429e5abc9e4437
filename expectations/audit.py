"""Holds the built tables against their expectations, and writes the results as a page.

Great Expectations runs in SQL inside DuckDB. GX 1.24 closes a DuckDB connection before it
fetches from it, and then reports every check as failed for no reason; so the connection is kept
open here (see `kept_connection`).
"""

import html
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Check:
    """One expectation of one table and what came of it."""

    table: str
    expectation: str
    subject: str
    reason: str
    passed: bool
    observed: str


def audit(
    warehouse: Path,
    relations: Mapping[str, str],
    suites: Mapping[str, Sequence[Any]],
) -> list[Check]:
    """Check every table that has a suite. `relations` maps a table to its SQL name.

    A table with a suite and no relation fails: a published table is missing. Raises RuntimeError
    where an expectation could not be evaluated: that is no pass.
    """
    os.environ["TQDM_DISABLE"] = "1"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    checks = []
    with kept_connection() as connections:
        source = context.data_sources.add_sql(
            "warehouse",
            connection_string=f"duckdb:///{warehouse}?access_mode=READ_ONLY",
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
            results = batch.validate(expectations, result_format="SUMMARY").results
            checks.extend(check(table, result) for result in results)
        # A connection left open would keep the file from its next writer.
        for connection in connections:
            connection.close()
            connection.engine.dispose()
        source.get_engine().dispose()
    return checks


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


@dataclass(frozen=True)
class Entered:
    """What came through the door into the log from one source, and what was set aside there.

    `refused` has (expectation, reason, records) for each reason.
    """

    source: str
    events: int
    refused: Sequence[tuple[str, str, int]]


def page(checks: Sequence[Check], title: str, entered: Sequence[Entered] = ()) -> str:
    """The results at both doors as one readable HTML page that needs nothing else."""
    failed = [each for each in checks if not each.passed]
    verdict = f"{len(failed)} of {len(checks)} failed" if failed else f"all {len(checks)} passed"
    rows = "\n".join(
        f'<tr class="{"ok" if each.passed else "no"}"><td>{"passed" if each.passed else "FAILED"}'
        + "".join(
            f"<td>{html.escape(value)}"
            for value in (
                each.table,
                each.subject,
                each.reason or each.expectation,
                each.expectation,
                each.observed,
            )
        )
        for each in sorted(checks, key=lambda each: (each.passed, each.table, each.subject))
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }}
body {{ margin: 2rem auto; max-width: 75rem; padding: 0 1rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0;
          border-bottom: 1px solid #8884; overflow-wrap: anywhere }}
td:nth-child(5) {{ font-size: .85em; opacity: .75 }}
.no td:first-child {{ color: #d33; font-weight: 700 }}
</style>
<h1>{html.escape(title)}</h1>
<p>{verdict}.</p>
<table><thead><tr><th>result<th>table<th>column<th>what must be true<th>expectation<th>found
</thead><tbody>
{rows}
</tbody></table>
{door_in(entered)}
</html>
"""


def door_in(entered: Sequence[Entered]) -> str:
    """The part of the page on the door into the log; nothing where nothing is known of it."""
    if not entered:
        return ""
    rows = "\n".join(
        f"<tr><td>{html.escape(each.source)}<td>{each.events:,}<td>{count:,}"
        f"<td>{html.escape(reason)}<td>{html.escape(expectation)}"
        for each in entered
        for expectation, reason, count in (each.refused or [("", "", 0)])
    )
    return f"""<h2>The door into the log</h2>
<p>Every record was held against the expectations of its source; what failed is in the
quarantine, and waits there for a mended rule.</p>
<table><thead><tr><th>source<th>events in the log<th>set aside<th>reason<th>expectation
</thead><tbody>
{rows}
</tbody></table>"""
