"""The door out: a check that fails says so, one that cannot run is no pass, and readers keep the
last good release."""

from pathlib import Path

import duckdb
import great_expectations.expectations as gxe
import pytest

from expectations.audit import Entered, audit, page
from expectations.published import SUITES, _like, _never, impersonal, suites

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
        impersonal("customer_id"),
    ],
)
def test_an_expectation_that_is_not_met_fails_with_its_reason(warehouse: Path, expectation):
    (check,) = audit(warehouse, RELATIONS, {"dim_customers": [expectation]})
    assert not check.passed
    assert check.reason
    entered = Entered("connect", 7, [("is_json_object", "the record is not a JSON object", 2)])
    shown = page([check], "Audit", [entered])
    assert "the record is not a JSON object" in shown
    assert "FAILED" in shown and check.reason in shown
    assert "ann@example.com" not in shown + repr(check)


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
        connection.execute("create table rpt_signals_due as select $t as source_key", {"t": text})
    (personal,) = suites({"rpt_signals_due": ["source_key"]})["rpt_signals_due"][-1:]
    (check,) = audit(path, {"rpt_signals_due": "rpt_signals_due"}, {"rpt_signals_due": [personal]})
    assert check.passed is passes
    assert check.reason.startswith("source_key: ")


def test_an_expectation_that_is_met_passes(warehouse: Path):
    (check,) = audit(warehouse, RELATIONS, {"dim_customers": [_never("score > 1", "why")]})
    assert check.passed
    assert "all 1 passed" in page([check], "Audit")


def test_a_check_that_cannot_run_is_no_pass(warehouse: Path):
    with pytest.raises(RuntimeError, match="could not be evaluated"):
        audit(warehouse, RELATIONS, {"dim_customers": [_never("no_such_column > 1", "why")]})


def test_a_published_table_that_is_missing_fails(warehouse: Path):
    (check,) = audit(warehouse, RELATIONS, {"fct_scores": SUITES["fct_scores"]})
    assert not check.passed and check.table == "fct_scores"


def test_the_page_shows_markup_as_text():
    from expectations.audit import Check

    shown = page([Check("t", "e", "<script>alert(1)</script>", "r", False, "x")], "<b>")
    assert "<script>" not in shown and "<b>" not in shown
