"""Every command, query, program and file in the README does what it says, on a built release."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.end_to_end.conftest import REPOSITORY, Make
from tests.end_to_end.readme import (
    README,
    blocks,
    commands,
    mapped_example,
    questions,
    stand_ins,
)

Done = subprocess.CompletedProcess[str]

# What takes long, or would change more than a test may, and the test that runs it.
ELSEWHERE = {
    "run": ("end_to_end/test_make_run.py", 'make("run")'),
    "rebuild": ("end_to_end/test_make_run.py", 'make("rebuild")'),
    "up": ("end_to_end/test_make_up.py", 'make("up"'),
    "down": ("end_to_end/test_make_up.py", 'make("down")'),
    "export": ("postgres/test_postgres.py", "monkeypatch.setenv(postgres.SETTING"),
    "propose-links": ("ingestion/test_decisions.py", "proposals("),
    "superset": ("superset/conftest.py", '"-m", "serving.superset.local"'),
}
# What runs the tests, reads or rewrites the whole repository, deletes, measures for minutes, or
# builds a second time: rehearsed here by `make -n`, and really run by `make test-readme`.
REHEARSED = {
    *("test", "check", "fix", "clean", "linkage-report"),
    *("bench", "bench-incremental", "bench-identity"),
    *("erase", "replay", "compare"),
}
HERE = {"status", "sql", "explain", "score", "metric", "docs", "check-mapping", "quarantine-replay"}


def target_of(command: str) -> str:
    """`sql` of `make sql QUERY=…`; '' of `make` alone; `test-` of a kind of tests.

    Of another program than make its name.
    """
    program, *words = shlex.split(command)
    if program != "make":
        return program
    return re.sub(r"^test-.*", "test-", words[0]) if words else ""


def variables_of(command: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(command)[2:])


@pytest.fixture(scope="session")
def release(first_run: Done, root: Path) -> duckdb.DuckDBPyConnection:
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    path = (root / "published" / "current").resolve() / "journeys.duckdb"
    return duckdb.connect(path, read_only=True)


@pytest.fixture
def known(first_run: Done, root: Path, tmp_path: Path) -> dict[str, str]:
    """What stands for the README's examples on the sample company."""
    return {**stand_ins(root), "exports/repairs": str(mapped_example(tmp_path, 0))}


@pytest.mark.parametrize("command", commands())
def test_every_command_is_run(
    command: str, first_run: Done, make: Make, request: pytest.FixtureRequest
):
    target = target_of(command)
    if target in ELSEWHERE:
        file, call = ELSEWHERE[target]
        assert call in (REPOSITORY / "tests" / file).read_text()
    elif target in REHEARSED or target in ("", "test-"):
        rehearsed = subprocess.run(
            [*shlex.split(command.replace("<kind>", "architecture")), "-n"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
        )
        assert rehearsed.returncode == 0, rehearsed.stderr
        programs = set(re.findall(r"\.venv/bin/[\w-]+", rehearsed.stdout))
        assert all((REPOSITORY / program).exists() for program in programs), programs
    else:
        assert target in HERE, f"`{command}` is in the README, and nothing runs it"
        values = variables_of(command)
        for example, real in request.getfixturevalue("known").items():
            values = {key: value.replace(example, real) for key, value in values.items()}
        done = make(target, **values)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout.strip() or command == "make sql"  # nobody types into it here


def test_a_command_that_nobody_runs_would_be_noticed():
    assert target_of("make frobnicate NAME=x") not in {*ELSEWHERE, *REHEARSED, *HERE}
    assert len(commands()) > 15


def answer(release: duckdb.DuckDBPyConnection, number: str) -> list[dict]:
    done = release.execute(questions()[number])
    names = [column[0] for column in done.description]
    return [dict(zip(names, row, strict=True)) for row in done.fetchall()]


def falls(rows: list[dict], column: str) -> bool:
    values = [row[column] for row in rows]
    return values == sorted(values, reverse=True)


SENSIBLE: dict[str, Callable[[list[dict]], bool]] = {
    "1": lambda rows: (
        falls(rows, "score") and all(row["level_now"] and row["reason"] for row in rows)
    ),
    "2": lambda rows: (
        len(rows) == 5
        and all(row["low"] <= row["points_gone"] <= row["high"] for row in rows)
        and falls(rows, "points_gone")
    ),
    "3": lambda rows: bool(rows) and falls(rows, "silent_days") and rows[0]["broken"] > 0,
    "4": lambda rows: bool(rows) and falls(rows, "contacts") and rows[0]["contacts"] > 0,
    "5": lambda rows: (
        bool(rows) and all(row["from_touchpoint"] != row["to_touchpoint"] for row in rows)
    ),
    "6": lambda rows: all(row["worst_touch_points"] < row["points"] for row in rows),
    "7": lambda rows: (
        len(rows) > 3
        and all(1 >= row["level_1"] >= row["level_2"] >= row["level_3"] for row in rows)
        and any(row["level_1"] > 0 for row in rows)
    ),
    "8": lambda rows: (
        rows[0]["channel"] == "all"
        and rows[0]["contacts"] == sum(row["contacts"] for row in rows[1:])
        and all(0 <= row["repeat_contact_rate"] < 1 for row in rows)
    ),
    "9": lambda rows: len(rows) == 10 and falls(rows, "inbound_contact_count"),
    "10": lambda rows: {"interaction of nobody known"} <= {row["topic"] for row in rows},
}


@pytest.mark.parametrize("number", SENSIBLE)
def test_every_question_has_a_sensible_answer(release, number: str):
    rows = answer(release, number)
    assert SENSIBLE[number](rows), rows[:5]


def test_there_are_ten_questions():
    assert set(questions()) == set(SENSIBLE) and len(SENSIBLE) == 10


def test_a_log_of_signals_is_read_as_it_stands(make: Make, tmp_path: Path):
    example = mapped_example(tmp_path, -1)
    done = make("check-mapping", FILE=str(example / "mapping.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rows read, 0 would be set aside" in done.stdout


def test_the_journeys_load_into_pm4py_as_an_event_log(release, root: Path, tmp_path: Path):
    """The README's program, and the figures it ends with against the journey table's own."""
    (program,) = [block.text for block in blocks() if block.language == "python"]
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "sample").symlink_to(root)
    program += (
        "\nimport json\n"
        "pairs = [[*pair, count] for pair, count in follows.items()]\n"
        "open('found.json', 'w').write(json.dumps([pairs, starts, ends, len(log)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    pairs, starts, ends, rows = json.loads((tmp_path / "found.json").read_text())
    for column, found in (("entry_touchpoint", starts), ("exit_touchpoint", ends)):
        wanted = release.execute(
            f"select {column}, count(*) from fct_journeys group by all"
        ).fetchall()
        assert found == dict(wanted)
    transitions = release.execute(
        "select from_touchpoint, to_touchpoint, cast(sum(transition_count) as bigint) "
        "from rpt_transitions where from_touchpoint != '(start)' and to_touchpoint != '(end)' "
        "group by all"
    ).fetchall()
    assert sorted(map(tuple, pairs)) == sorted(transitions)
    assert release.execute("select count(*) from fct_interactions").fetchone() == (rows,)


def test_every_published_table_and_every_picture_is_there(release):
    text = README.read_text()
    tables = {row[0] for row in release.execute("show tables").fetchall()}
    told = {table for table in tables if f"`{table}`" in text or table.startswith("rpt_")}
    assert told == tables, tables - told
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        assert (REPOSITORY / picture).exists(), picture
    project = yaml.safe_load((REPOSITORY / "dbt_project" / "dbt_project.yml").read_text())
    assert project["vars"]["journey_gap_days"] == 30 and "a silence of 30 days" in text
