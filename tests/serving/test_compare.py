"""`make compare`: what is asked on the command line, and what it prints."""

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from ingestion.identifiers import Identifiers
from ingestion.settings import Settings
from serving import compare
from serving.compare import Restated
from serving.errors import NotFound

CHANGED = Restated(
    *("fct_promises", "p1", "ann", "due_at", "2026-03-05", None),
    *("e1", datetime(2026, 4, 2), "it is of the same promise, and moved it"),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str, str]]:
    """What a comparison was asked for; it finds one change, of ann, and nobody called bob."""
    seen: list[tuple[str, str, str]] = []

    def found(settings: Settings, known_at: str, customer: str) -> Iterator[Restated]:
        seen.append((settings.name, known_at, customer))
        if customer == "bob":
            raise NotFound("the release knows nobody by that")
        yield CHANGED

    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path))
    monkeypatch.setattr(compare, "compare", found)
    return seen


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["compare", *arguments])
    return compare.main()


def test_each_change_is_a_row_of_csv_under_the_names_of_its_columns(
    asked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    given = ("--known-at", "2026-03-31T14:00:00+02:00", "--customer", "ann", "--name", "main")
    assert run(monkeypatch, *given) == 0
    assert asked == [("main", "2026-03-31 12:00:00.000000", "ann")]
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["table"], row["was"], row["now"]) == ("fct_promises", "2026-03-05", "")
    assert row["because"] == "it is of the same promise, and moved it"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "KNOWN_AT is missing: make compare KNOWN_AT="),
        (("--known-at", "last spring"), "last spring"),
        (("--known-at", "2026-03-31", "--customer", "bob"), "the release knows nobody by that"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    asked,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
):
    assert run(monkeypatch, *arguments) == 1
    told = capsys.readouterr()
    assert told.out == "" and told.err.count("\n") == 1
    assert told.err.startswith("FAILED: ") and said in told.err


def test_a_customer_is_given_by_any_identifier_that_the_release_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("JOURNEYS_ROOT", str(tmp_path))
    monkeypatch.setenv("JOURNEYS_SECRET", "a secret of the tests")
    settings = Settings.read("test")
    email = Identifiers(settings.secret(), settings.default_region).hash("email", "ann@example.org")
    with duckdb.connect(str(tmp_path / "journeys.duckdb")) as connection:
        connection.execute("create table dim_customers as select 'ann' as customer_id")
        connection.execute(
            "create table customer_id_map as select ? as identifier_hash, 'ann' as customer_id, "
            "null::timestamp as valid_to",
            [email],
        )
    monkeypatch.setattr(compare.publish, "current", lambda _: tmp_path)
    monkeypatch.setattr(compare.publish, "read_release", lambda _: SimpleNamespace(as_of=""))
    monkeypatch.setattr(compare, "built_beside", lambda *_: nullcontext(settings))
    monkeypatch.setattr(compare, "restated", lambda *asked: iter(asked))
    for asked in ("email:Ann@Example.org", "ann"):
        assert list(compare.compare(settings, "2026-03-31", asked))[-1] == "ann"
    with pytest.raises(NotFound):
        list(compare.compare(settings, "2026-03-31", "email:bob@example.org"))
