"""Times of sources, read into UTC or not at all."""

from datetime import datetime

import duckdb
import pytest

from ingestion import times


def read(expression: str):
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(f"select {expression}").fetchone()[0]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-03-01T10:00:00Z", 10),
        ("2026-03-01T10:00Z", 10),
        ("2026-03-01 10:00:00+02:00", 8),
        ("2026-03-01T10:00:00-05", 15),
        ("2026-03-01 10:00:00 UTC", 10),
    ],
)
def test_a_time_with_an_offset_is_read_into_utc(text, hour):
    assert read(times.instant(f"'{text}'")) == datetime(2026, 3, 1, hour)


@pytest.mark.parametrize(
    "text", ["2026-03-01T10:00:00", "2026-03-01", "2026-02-30T10:00:00Z", "noon", "", "1e9"]
)
def test_a_time_that_is_naive_or_none_is_null(text):
    assert read(times.instant(f"'{text}'")) is None


def test_a_local_time_is_read_in_its_zone_and_an_own_offset_wins():
    assert read(times.local("'2026-07-01 10:00'", "'Europe/Berlin'")) == datetime(2026, 7, 1, 8)
    assert read(times.local("'2026-07-01T10:00Z'", "'Europe/Berlin'")) == datetime(2026, 7, 1, 10)


def test_a_local_day_ends_by_its_own_clock_on_a_day_of_25_hours():
    end = read(times.end_of_local_day("'2026-10-25'", "'Europe/Berlin'"))
    assert end == datetime(2026, 10, 25, 22, 59, 59, 999999)


def test_hours_that_never_were_or_were_twice_are_told_apart():
    zone = "'Europe/Berlin'"
    assert read(times.missing_local("'2026-03-29 02:30'", zone)) is True
    assert read(times.missing_local("'2026-03-29 03:30'", zone)) is False
    assert read(times.ambiguous_local("'2026-10-25 02:30'", zone)) is True
    assert read(times.ambiguous_local("'2026-10-25 03:30'", zone)) is False


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (times.epoch_seconds, "1767225600.25"),
        (times.epoch_millis, "1767225600250"),
        (times.epoch_micros, "1767225600250000"),
    ],
)
def test_counted_times_are_read_in_their_unit(build, text):
    assert read(build(f"'{text}'")) == datetime(2026, 1, 1, 0, 0, 0, 250000)
    assert read(build("'soon'")) is None
    assert read(build("'99999999999999999999'")) is None
