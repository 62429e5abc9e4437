"""Data flows forward: imports, dbt references, clocks and names."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
MODELS = sorted((REPOSITORY / "dbt_project" / "models").rglob("*.sql"))
LAYERS = {
    path.stem: int(path.relative_to(REPOSITORY / "dbt_project" / "models").parts[0][0])
    for path in MODELS
}
PUBLISHED = [
    model
    for path in sorted((REPOSITORY / "dbt_project" / "models" / "5_marts").glob("*.yml"))
    for model in yaml.safe_load(path.read_text()).get("models", [])
]
CLOCKS = re.compile(
    r"\b(now|current_timestamp|current_date|current_time|today|localtimestamp|get_current_\w+|"
    r"run_started_at|random|uuid)\b(?!_)",
    re.IGNORECASE,
)
REGISTRY_HOSTS = re.compile(
    r"(pypi\.org|pythonhosted\.org|registry\.npmjs|npmjs\.com|deb\.debian\.org|"
    r"security\.debian\.org|proxy\.golang)"
)
PRIVATE_PATHS = re.compile(r"/work/|/tmp/team|\.library\b")


def without_comments(sql: str) -> str:
    """SQL and Jinja without their comments."""
    return re.sub(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/", "", sql, flags=re.DOTALL)


def without_words(sql: str) -> str:
    """SQL without comments and text in sentences; a text of one word stays, as in 'now'."""
    return re.sub(r"'[^'\n]* [^'\n]*'", "''", without_comments(sql))


def tracked() -> list[Path]:
    """The files that are in git, or would be; generated ones left out."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [REPOSITORY / name for name in listed if (REPOSITORY / name).is_file()]


def test_imports_flow_forward():
    done = subprocess.run(
        [REPOSITORY / ".venv" / "bin" / "lint-imports", "--no-cache"],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_model_reads_only_its_own_layer_or_a_lower_one(path: Path):
    sql = without_comments(path.read_text())
    for name in re.findall(r"ref\(\s*['\"](\w+)['\"]", sql):
        if name in LAYERS:  # seeds have no layer
            assert LAYERS[name] <= LAYERS[path.stem], f"{path.stem} reads {name}"


def test_only_staging_reads_the_log():
    for path in MODELS:
        if LAYERS[path.stem] > 1:
            assert "source(" not in without_comments(path.read_text()), path.stem


def test_no_model_or_macro_asks_a_clock_or_rolls_dice():
    for path in [*MODELS, *sorted((REPOSITORY / "dbt_project" / "macros").rglob("*.sql"))]:
        found = CLOCKS.search(without_words(path.read_text()))
        assert not found, f"{path.name}: {found and found.group()}"


def test_every_published_table_has_a_suite_and_every_suite_a_table():
    from expectations.published import SUITES

    published = {path.stem for path in MODELS if path.parent.name == "5_marts"}
    assert set(SUITES) == published


@pytest.mark.parametrize("table", PUBLISHED, ids=lambda table: table["name"])
def test_a_published_column_has_a_type_a_description_and_a_unit_that_fits(table: dict):
    from serving.marts import UNITS

    assert table["description"].strip()
    for column in table["columns"]:
        name = f"{table['name']}.{column['name']}"
        assert column.get("data_type"), f"{name}: no data_type"
        assert column.get("description", "").strip(), f"{name}: no description"
        unit = column.get("config", {}).get("meta", {}).get("unit")
        assert unit in UNITS, f"{name}: config: {{meta: {{unit: …}}}} with one of {list(UNITS)}"
        type_ = column["data_type"].split("(")[0]
        assert (type_ == "boolean") == (unit == "yes/no"), f"{name}: {type_} in {unit}"
        assert (type_ == "timestamp") == (unit == "UTC"), f"{name}: {type_} in {unit}"
        words = unit in {"id", "hash", "word", "text", "month", "time zone", "JSON"}
        assert (type_ == "varchar") == words, f"{name}: {type_} in {unit}"


def test_no_file_names_a_registry_host_or_a_private_path():
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".gz", ".parquet"}:
            continue
        text = path.read_text(errors="replace")
        for pattern in (REGISTRY_HOSTS, PRIVATE_PATHS):
            found = pattern.search(text)
            assert not found, f"{path.relative_to(REPOSITORY)}: {found and found.group()}"


def test_every_python_file_says_first_what_it_is():
    for path in tracked():
        if path.suffix == ".py" and path.read_text().strip():
            assert path.read_text().startswith(('"""', "#!")), path.relative_to(REPOSITORY)


def test_no_module_is_a_drawer_for_odds_and_ends():
    for path in tracked():
        if path.suffix in {".py", ".sql"}:
            assert path.stem not in {"utils", "common", "helpers", "manager", "handler"}, path


def test_the_dags_do_no_work():
    for name in ("ingest", "warehouse", "erase", "replay", "quarantine_replay", "assets"):
        text = (REPOSITORY / "dags" / f"{name}.py").read_text()
        for word in ("duckdb", "dbt.cli", "great_expectations", "import pandas"):
            assert word not in text, f"dags/{name}.py: {word}"


@pytest.mark.parametrize(
    "kind", sorted({path.parent.name for path in (REPOSITORY / "tests").glob("*/test_*.py")})
)
def test_make_runs_each_kind_of_tests(kind: str):
    asked = subprocess.run(
        ["make", "-n", f"test-{kind}"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert f"pytest tests/{kind}" in asked.stdout
