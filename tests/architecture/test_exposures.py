"""The lineage says truly who reads which published table."""

import re
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]
MARTS = REPOSITORY / "dbt_project" / "models" / "5_marts"
READ = re.compile(r"\b(?:from|join)\s+((?:dim|fct|rpt)_\w+)")


def exposure(name: str) -> set[str]:
    """The models on which an exposure says it depends."""
    (found,) = [
        each
        for each in yaml.safe_load((MARTS / "_exposures.yml").read_text())["exposures"]
        if each["name"] == name
    ]
    return {re.fullmatch(r"ref\('(\w+)'\)", each)[1] for each in found["depends_on"]}  # type: ignore[index]


def test_the_report_reads_the_tables_that_its_exposure_names():
    read = {
        table
        for path in (REPOSITORY / "serving" / "report").glob("*.py")
        for table in READ.findall(path.read_text())
    }
    assert len(read) > 5
    assert exposure("report") == read


def test_the_superset_dashboard_reads_the_tables_that_its_exposure_names():
    datasets = (REPOSITORY / "serving" / "superset" / "datasets").rglob("*.yaml")
    assert exposure("superset_dashboard") == {path.stem for path in datasets} - {"_published"}


def test_every_metric_is_of_a_published_table():
    metrics = yaml.safe_load((MARTS / "_metrics.yml").read_text())
    for model in metrics["semantic_models"]:
        name = re.fullmatch(r"ref\('(\w+)'\)", model["model"])
        assert name is not None and (MARTS / f"{name[1]}.sql").exists(), model["name"]
