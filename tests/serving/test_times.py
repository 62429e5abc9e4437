"""Times on the command line: an instant with its zone, or a date for its end."""

import pytest

from serving.errors import TimeError
from serving.times import utc


def test_an_instant_is_read_in_its_own_zone():
    assert utc("2026-03-31T12:00:00Z", "AS_OF") == "2026-03-31 12:00:00.000000"
    assert utc("2026-03-31T12:00:00+02:00", "AS_OF") == "2026-03-31 10:00:00.000000"
    assert utc("2026-03-31 12:00Z", "AS_OF") == "2026-03-31 12:00:00.000000"


def test_a_date_is_the_end_of_its_day():
    assert utc("2026-03-31", "AS_OF") == "2026-03-31 23:59:59.999999"


def test_no_time_means_the_default():
    assert utc("", "AS_OF") == "" == utc("  ", "AS_OF")


@pytest.mark.parametrize("wrong", ["yesterday", "2026-13-01", "2026-03-31T12:00:00", "0", "'; --"])
def test_what_is_no_instant_is_refused_with_the_name_and_the_value(wrong: str):
    with pytest.raises(TimeError, match="AS_OF"):
        utc(wrong, "AS_OF")
