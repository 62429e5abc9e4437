"""Which version of the rules a build is asked for, and that an unknown one is refused."""

import csv

import pytest

from serving import warehouse
from serving.errors import WarehouseError


def test_without_a_version_the_projects_own_counts(settings, monkeypatch):
    monkeypatch.delenv("JOURNEYS_RULE_VERSION", raising=False)
    assert "rule_version" not in warehouse.variables(settings)


def test_a_version_that_stands_in_the_seeds_reaches_dbt_and_makes_another_build(
    settings, monkeypatch
):
    monkeypatch.delenv("JOURNEYS_RULE_VERSION", raising=False)
    by_default = warehouse.fingerprint_of(settings, "", "")
    monkeypatch.setenv("JOURNEYS_RULE_VERSION", "1.0.0")
    assert warehouse.variables(settings)["rule_version"] == "1.0.0"
    assert warehouse.fingerprint_of(settings, "", "") != by_default


def test_a_version_that_no_seed_has_is_refused_with_those_that_are(settings, monkeypatch):
    monkeypatch.setenv("JOURNEYS_RULE_VERSION", "9.9.9")
    with pytest.raises(WarehouseError, match=r"friction_catalogue\.csv holds 1\.0\.0"):
        warehouse.variables(settings)


@pytest.mark.parametrize(
    "name",
    [
        path.stem
        for path in (warehouse.PROJECT / "seeds").glob("*.csv")
        if path.read_text().startswith("rule_version,")
    ],
)
def test_every_seed_of_rules_is_looked_into(name):
    assert name in warehouse.RULES
    versions = {row["rule_version"] for row in csv.DictReader(seed_lines(name))}
    assert versions == {row["rule_version"] for row in warehouse.seed(warehouse.RULES[0])}


def seed_lines(name: str) -> list[str]:
    return (warehouse.PROJECT / "seeds" / f"{name}.csv").read_text().splitlines()
