"""How a story reads: quiet steps are folded, pauses are said, ids that are none get a hint."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from ingestion.settings import Settings
from serving.errors import NotFound
from serving.explain import journey, promise
from serving.explain.parts import Line, Release, folded, timeline_table

MONDAY = datetime(2026, 3, 2, 9)


def steps(channel: str, *minutes: int, points: float = 0) -> list[Line]:
    return [
        Line(MONDAY + timedelta(minutes=each), channel, "web.page", "inbound viewed", points)
        for each in minutes
    ]


def test_quiet_steps_on_one_channel_are_told_in_one_line_and_dear_ones_never():
    lines = [*steps("web", 1, 2, 3, 4), *steps("web", 5, 6, 7, 8, points=1), *steps("phone", 9, 10)]
    told = list(folded(lines))
    assert [line.what for line in told] == [
        "… 4 steps without friction until 2026-03-02 09:04",
        *["inbound viewed"] * 6,
    ]
    assert told[0].at == MONDAY + timedelta(minutes=1)


def test_what_was_promised_is_never_folded_away():
    made = Line(MONDAY, "web", "-", "promised: reply", is_told=True)
    assert made in list(folded([*steps("web", -3, -2, -1), made, *steps("web", 1, 2, 3)]))


def test_days_of_nothing_are_counted_from_the_last_of_folded_steps():
    late = Line(MONDAY + timedelta(days=5), "phone", "phone.service", "inbound contacted", 2)
    told = timeline_table([*steps("web", 0, 1, 2, 2 * 24 * 60), late])
    assert [line.strip() for line in told if "of nothing" in line] == ["… 3 days of nothing"]


def test_of_a_very_long_story_the_end_is_shown_and_what_is_left_out_is_counted():
    told = timeline_table(steps("web", *range(50_000), points=1))
    assert len(told) == 202
    assert "49,800 lines until" in told[1]


def test_each_reason_has_a_line_of_its_own():
    dear = Line(MONDAY, "phone", "phone.service", "inbound", 5, 5.0, ("It hurt.", "Again."))
    told = timeline_table([dear])
    assert "+5.00" in told[1] and told[1].endswith("It hurt.")
    assert told[2].strip() == "Again."


def test_what_an_export_brings_does_not_steer_the_terminal():
    told = timeline_table([Line(MONDAY, "web", "page\x1b[2J", "inbound\nviewed")])
    assert "\x1b" not in "".join(told) and "\n" not in told[1]


@pytest.fixture
def release(settings: Settings):
    with duckdb.connect() as connection:
        connection.execute("create table fct_journeys (journey_id varchar)")
        connection.execute("create table fct_promises (promise_id varchar, customer_id varchar)")
        connection.execute("create table dim_customers (customer_id varchar)")
        connection.execute(
            "create table fct_interactions (interaction_id varchar, journey_id varchar)"
        )
        connection.execute(f"insert into dim_customers values ('{'a' * 32}')")
        connection.execute(f"insert into fct_interactions values ('{'b' * 32}', '{'c' * 32}')")
        yield Release(connection, settings, "2026-03-31 00:00:00")


def test_the_id_of_something_else_is_named_for_what_it_is(release: Release):
    with pytest.raises(NotFound, match=f"a customer: make explain CUSTOMER={'a' * 32}"):
        journey.story(release, "a" * 32)
    with pytest.raises(NotFound, match=f"make explain JOURNEY={'c' * 32}"):
        journey.story(release, "b" * 32)


def test_an_unknown_id_gets_the_question_that_lists_the_known_ones(release: Release):
    with pytest.raises(NotFound, match="order by points desc"):
        journey.story(release, "d" * 32)
    with pytest.raises(NotFound, match="32 characters"):
        journey.story(release, "7001")
    with pytest.raises(NotFound, match="overdue") as error:
        promise.story(release, "ann@example.org")
    assert "ann@example.org" not in str(error.value)


def test_one_story_is_asked_for_at_a_time(settings: Settings):
    for arguments in ([], ["--journey", "a" * 32, "--promise", "p"]):
        done = subprocess.run(
            [sys.executable, "-m", "serving.explain", *arguments],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "CUSTOMER=" in done.stderr and "PROMISE=" in done.stderr
