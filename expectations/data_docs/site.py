"""Builds Great Expectations' data docs from the results of an audit, to be read without a network.

The site is GX's own: its site builder, its renderers, its pages. GX's templates load Bootstrap,
jQuery and fonts from five hosts; the templates here take the place of those that do, so that a
page loads nothing, runs nothing and says so to the browser.
"""

import html
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core import ExpectationSuite
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.render.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

HERE = Path(__file__).parent
NAME = "journeys"
# What of a result is shown: counts, and never a value.
COUNTS = (
    "element_count",
    "missing_count",
    "missing_percent",
    "unexpected_count",
    "unexpected_percent",
)


@dataclass(frozen=True)
class Entered:
    """What came through the door into the log from one source, and what was set aside there.

    `refused` has (expectation, reason, records) for each reason.
    """

    source: str
    events: int
    refused: Sequence[tuple[str, str, int]]


def write(
    folder: Path,
    results: Sequence[ExpectationSuiteValidationResult],
    build_id: str,
    entered: Sequence[Entered],
    suites: Mapping[str, Sequence[Expectation]],
) -> None:
    """Write the site into `folder`: index.html, and two pages a table, its suite and its result.

    `results` are those of the published tables of a build, whose id begins with its time (UTC).
    Of the door into the log, `entered` is told on the first page, and each of `suites` (by name)
    has a page. What was in the folder is replaced. Raises RuntimeError where a page is missing: GX
    logs what it could not render, and goes on.
    """
    context = gx.get_context(mode="ephemeral")
    run = RunIdentifier(build_id, datetime.strptime(build_id[:16], "%Y%m%dT%H%M%SZ"))
    stated: dict[str, list[Any]] = {
        name: [each.configuration for each in suite] for name, suite in suites.items()
    }
    for result in results:
        table = ExpectationSuiteIdentifier(result.suite_name)
        context.validation_results_store.set(
            ValidationResultIdentifier(table, run, "all"), impersonal(result, run)
        )
        stated[table.name] = [each.expectation_config for each in result.results]
    for name, configs in stated.items():
        expectations = [said(config) for config in configs]
        context.suites.add(ExpectationSuite(name=name, expectations=expectations))
    fresh = folder.with_name(f".{folder.name}.part")
    if fresh.exists():
        shutil.rmtree(fresh)
    view = {"module_name": __name__, "class_name": "Page"}
    index = view | {"class_name": "Index", "entered": [vars(each) for each in entered]}
    built: Any = {  # the declared type of a site knows a part of what its builder takes
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(fresh),
        },
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "view": index},
        "site_section_builders": {
            "expectations": {"view": view},
            "validations": {"view": view},
            "profiling": "None",
        },
    }
    context.add_data_docs_site(NAME, built)
    context.build_data_docs(site_names=[NAME])
    shutil.rmtree(fresh / "static")  # pictures and fonts that no page asks for
    pages = len(list(fresh.rglob("*.html")))
    if pages != 1 + len(stated) + len(results):
        raise RuntimeError(f"{fresh}: of the data docs only {pages} pages were rendered")
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)


class Page(DefaultJinjaPageView):
    """A page of GX's, by its templates or, where there is one of that name, by ours."""

    def __init__(self, **directories: Any) -> None:
        super().__init__(**directories)
        loaders: list[Any] = [FileSystemLoader(HERE), self.env.loader]
        self.env.loader = ChoiceLoader(loaders)


class Index(Page, DefaultJinjaIndexPageView):
    """The first page, with what came through the door into the log."""

    def __init__(self, entered: Sequence[Mapping[str, Any]], **directories: Any) -> None:
        super().__init__(**directories)
        self.env.globals["entered"] = entered


def said(config: ExpectationConfiguration) -> Expectation:
    """An expectation that says in words what must be true, beside what is computed."""
    expectation = config.to_domain_obj()
    expectation.id = None
    expectation.description = description(config)
    return expectation


def description(config: ExpectationConfiguration) -> str:
    """What must be true, in words and as it is computed, as markup."""
    limits = {
        key: value for key, value in config.kwargs.items() if key not in ("batch_id", "column")
    }
    computed = limits.get("unexpected_rows_query") or " ".join(
        [config.type, *(f"{key}={value}" for key, value in limits.items())]
    )
    reason = (config.meta or {}).get("reason", "")
    shown = f"{html.escape(reason)} <code>{html.escape(str(computed))}</code>"
    return shown.replace("$", "&#36;")  # GX takes a `$word` for a parameter of its own


def impersonal(
    result: ExpectationSuiteValidationResult, run: RunIdentifier
) -> ExpectationSuiteValidationResult:
    """The result under its run, with what was counted: no values, no rows, no paths."""
    return ExpectationSuiteValidationResult(
        success=result.success,
        results=[
            ExpectationValidationResult(
                success=each.success,
                expectation_config=said(each.expectation.configuration).configuration,
                result=counted(each.result),
            )
            for each in result.results
        ],
        suite_name=result.suite_name,
        statistics=result.statistics,
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": run,
            "batch_spec": {"data_asset_name": result.suite_name},
        },
    )


def counted(found: Mapping[str, Any]) -> dict[str, Any]:
    """Of what an expectation found, the counts."""
    return {
        key: value
        for key, value in found.items()
        if key in COUNTS or (key == "observed_value" and isinstance(value, (int, float)))
    }
