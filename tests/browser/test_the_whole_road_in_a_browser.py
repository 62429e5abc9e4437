"""From mapped exports that nobody would wish for to the report, by `make run`, in a browser."""

import csv
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from tests.browser.conftest import Opened
from tests.end_to_end.readme import mapped_example
from tests.serving.report_release import NASTY

REPOSITORY = Path(__file__).parents[2]
START = datetime(2026, 1, 5, 8)
JOURNEYS, CUSTOMERS, STEPS = 100_000, 12_500, 50_000
PLACES = (
    ("web", "web.checkout"),
    ("phone", "phone.service"),
    ("store", f"store {NASTY}"),
    ("email", "it's \"quoted\", <b>bold</b> & ${so} on; 'select 1'--"),
)
SIGNALS = ("contact.problem", "contact.chase", "web.rage_click", "", "")
Open = Callable[..., Opened]
Row = dict[str, object]


def row(number: int, customer: str, issue: str, at: datetime, place: int, signal: str) -> Row:
    """One line of a log at signal level."""
    channel, touchpoint = PLACES[place % len(PLACES)]
    return {
        "event_id": f"e{number:07}",
        "customer": customer,
        "occurred_at": f"{at:%Y-%m-%d %H:%M:%S}",
        "channel": channel,
        "touchpoint": touchpoint,
        "signal": signal or "interaction.ok",
        "issue": issue,
        "phase": "during",
    }


def many() -> Iterator[Row]:
    """100,000 journeys, a fifth with a promise that nobody keeps, and one of 50,000 steps."""
    for number in range(JOURNEYS):
        who, issue = f"c{number % CUSTOMERS}", f"i{number}"
        at = START + timedelta(minutes=(number * 7919) % (120 * 1440))
        yield row(2 * number, who, issue, at, number, SIGNALS[number % 5])
        second = row(2 * number + 1, who, issue, at + timedelta(hours=5), number // 3, "")
        if number % 5 == 1:
            second |= {"signal": "promise.made", "promise_id": f"p{number}"}
            second["due_at"] = f"{at + timedelta(days=2):%Y-%m-%d %H:%M:%S}"
        yield second
    for number in range(STEPS):
        at = START + timedelta(minutes=3 * number)
        yield row(2 * JOURNEYS + number, "whale", "w", at, number, SIGNALS[number % 5])


def lone() -> Iterator[Row]:
    """One customer, in one channel."""
    yield row(1, "ann", "i1", START, 1, "contact.problem")
    yield row(2, "ann", "i1", START + timedelta(days=1), 1, "contact.chase")


def make_run(folder: Path, rows: Iterator[Row]) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """`make run` on a log of these rows; the folder of its current release, and what was said."""
    landing = mapped_example(folder / "exports", -1)
    with open(landing / "events.csv", newline="") as file:
        header = next(csv.reader(file))
    with open(landing / "events.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, header)
        writer.writeheader()
        writer.writerows(rows)
    done = subprocess.run(
        ["make", "--no-print-directory", "run", f"SOURCES={landing.parent}"],
        cwd=REPOSITORY,
        env={**os.environ, "JOURNEYS_ROOT": str(folder / "var"), "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    return folder / "var" / "published" / "current", done


def test_a_hundred_thousand_journeys_and_a_customer_with_fifty_thousand_steps(
    opened: Open, tmp_path: Path
):
    release, done = make_run(tmp_path, many())
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect((release / "journeys.duckdb").resolve(), read_only=True) as tables:
        assert tables.execute("select count(*), max(step_count) from fct_journeys").fetchone() == (
            JOURNEYS + 1,
            STEPS,
        )
        in_trouble = tables.execute("select count(*) from dim_customers where level >= 2")
        ((troubled,),) = in_trouble.fetchall()
    report = (release / "report.html").resolve()
    shown = opened(report)
    drawn_in = int(shown.page.evaluate("document.documentElement.dataset.drawnIn"))
    print(f"{report.stat().st_size:,} bytes, drawn in {drawn_in} ms\n{done.stdout[-300:]}")
    assert report.stat().st_size < 5_000_000 and drawn_in < 3000
    assert f"{troubled:,} of {CUSTOMERS + 1:,} customers" in shown.page.inner_text("h1")
    assert "window.pwned = 1" in shown.page.inner_text("#where")  # as text it is there
    assert shown.page.evaluate("window.pwned") is None
    assert shown.complaints == []


def test_one_customer_in_one_channel(opened: Open, tmp_path: Path):
    release, done = make_run(tmp_path, lone())
    assert done.returncode == 0, done.stdout + done.stderr
    shown = opened((release / "report.html").resolve())
    assert " of 1 customer " in shown.page.inner_text("h1")
    assert shown.page.locator(".canvas svg").count() == shown.page.locator(".canvas").count() >= 3
    assert shown.complaints == []


def test_a_table_without_rows_is_an_empty_release_and_a_page_that_says_so(
    opened: Open, tmp_path: Path
):
    release, done = make_run(tmp_path, iter(()))
    assert done.returncode == 0, done.stdout + done.stderr
    shown = opened((release / "report.html").resolve())
    assert " of 0 customers " in shown.page.inner_text("h1")
    assert shown.complaints == []
