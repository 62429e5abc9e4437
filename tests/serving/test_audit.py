"""The door out: a check that fails says so, one that cannot run is no pass, and readers keep the
last good release."""

import os
import re
from functools import partial
from pathlib import Path

import duckdb
import great_expectations.expectations as gxe
import pytest

from expectations import audit as auditing
from expectations.data_docs import site
from expectations.data_docs.site import Entered
from expectations.published import SUITES, _like, _never, impersonal, suites

audit = partial(auditing.audit, memory_limit="1GB")
RELATIONS = {"dim_customers": '"main"."dim_customers"'}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A table with one row that is wrong in every way."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create table dim_customers (customer_id varchar, score double)")
        connection.execute("insert into dim_customers select md5(range::varchar), 1 from range(9)")
        connection.execute("insert into dim_customers values ('ann@example.com', -1)")
    return path


@pytest.mark.parametrize(
    "expectation",
    [
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, meta={"reason": "why"}),
        gxe.ExpectTableRowCountToBeBetween(min_value=11, meta={"reason": "why"}),
        _never("score < 0", "why"),
        _like("customer_id", "^[0-9a-f]{32}$", "why"),
        impersonal(["customer_id"]),
    ],
)
def test_an_expectation_that_is_not_met_fails_with_its_reason(warehouse: Path, expectation):
    (check,) = audit(warehouse, RELATIONS, {"dim_customers": [expectation]}).checks
    assert not check.passed
    assert check.reason
    assert "ann@example.com" not in repr(check)


BUILD = "20260701T000000Z-00000000"
FAILING = [
    gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, meta={"reason": "at least 0"}),
    gxe.ExpectColumnValuesToBeInSet(column="customer_id", value_set=["a"], meta={"reason": "an a"}),
    _like("customer_id", "^[0-9a-f]{32}$", "a $hash of <32>"),
]
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def docs(warehouse: Path, tmp_path: Path) -> dict[str, str]:
    """The data docs of an audit with two tables, one of which fails, by path."""
    folder = tmp_path / "docs" / BUILD
    passing = {"fct_scores": [_never("score > 1", "never above <1>")]}
    held = audit(
        warehouse,
        {**RELATIONS, "fct_scores": '"main"."dim_customers"'},
        {"dim_customers": FAILING, **passing},
    )
    refused = [("is_json_object", f"the record is not a JSON object {MARKUP}", 2)]
    for _ in range(2):  # an audit that is run again replaces its docs
        site.write(
            folder, held.results, BUILD, [Entered("connect", 7, refused)], {"connect.call": FAILING}
        )
    assert [path.name for path in folder.parent.iterdir()] == [BUILD]
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_data_docs_tell_of_each_table_what_was_expected_and_found(docs: dict[str, str]):
    results = [path for path in docs if path.startswith("validations/")]
    assert sorted(docs) == sorted(
        [
            "expectations/connect/call.html",
            "expectations/dim_customers.html",
            "expectations/fct_scores.html",
            "index.html",
            *results,
        ]
    )
    (failed,) = (docs[path] for path in results if "dim_customers" in path)
    (passed,) = (docs[path] for path in results if "fct_scores" in path)
    assert "at least 0" in failed and "a &#36;hash of &lt;32&gt;" in failed
    assert "^[0-9a-f]{{32}}&#36;" in failed  # what is computed, as it is
    assert without_style(failed).count("fa-times") == 1 + 3  # of the table, and of each expectation
    assert "fa-times" not in without_style(passed)
    assert "1 unexpected values found" in failed and "10%" in failed
    assert "never above &lt;1&gt;" in passed and "2026-07-01" in passed
    index = docs["index.html"]
    assert index.index("Failed") < index.index("Success")  # what failed stands first
    assert "the record is not a JSON object" in docs["index.html"]


def test_the_data_docs_hold_no_value_and_run_and_load_nothing(docs: dict[str, str]):
    for path, page in docs.items():
        assert "ann@example.com" not in page
        assert str(Path(__file__).parents[2]) not in page and "duckdb://" not in page
        assert "default-src 'none'" in page
        for tag in ("<script", "<img", "<link", "<iframe", "@import", "url(", "://"):
            assert tag not in page, (path, tag)
        for link in re.findall(r'href="([^"#]+)', page):
            assert os.path.normpath(Path(path).parent / link) in docs, (path, link)


def without_style(page: str) -> str:
    return re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("ann@example.com", False),
        ("call +4930231250042 back", False),
        ("tel:+4930231250042", False),
        ("a + b @ 12 o'clock", True),
        ("gid://shopify/Order/5400000004034", True),
    ],
)
def test_every_text_column_of_every_table_is_held_against_personal_data(
    tmp_path: Path, text: str, passes: bool
):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(
            "create table rpt_signals_due as select 'a' as signal, $t as source_key, 'b' as unit",
            {"t": text},
        )
    columns = {"rpt_signals_due": ["signal", "source_key", "unit"]}
    (personal,) = suites(columns)["rpt_signals_due"][-1:]
    held = audit(path, {"rpt_signals_due": "rpt_signals_due"}, {"rpt_signals_due": [personal]})
    (check,) = held.checks
    assert check.passed is passes
    assert passes or check.reason.startswith("source_key: ")
    assert text not in repr(check)


def test_an_expectation_that_is_met_passes(warehouse: Path):
    held = audit(warehouse, RELATIONS, {"dim_customers": [_never("score > 1", "why")]})
    assert [check.passed for check in held.checks] == [True]


def test_a_check_that_cannot_run_is_no_pass(warehouse: Path):
    with pytest.raises(RuntimeError, match="could not be evaluated"):
        audit(warehouse, RELATIONS, {"dim_customers": [_never("no_such_column > 1", "why")]})


def test_a_published_table_that_is_missing_fails(warehouse: Path):
    (check,) = audit(warehouse, RELATIONS, {"fct_scores": SUITES["fct_scores"]}).checks
    assert not check.passed and check.table == "fct_scores"
