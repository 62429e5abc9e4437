"""Times of the simulated company: local working hours, and how each system writes an instant."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

HOME = ZoneInfo("Europe/Berlin")


def local(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """The UTC instant of a wall-clock time in the company's home zone."""
    at = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=HOME)
    return at.astimezone(UTC)


def local_day(at: datetime) -> date:
    """The calendar day of an instant in the company's home zone."""
    return at.astimezone(HOME).date()


def day_after(at: datetime, days: int, hour: int, minute: int = 0) -> datetime:
    """`days` local calendar days after `at`, at a wall-clock time: a daylight-saving day is one."""
    return local(local_day(at) + timedelta(days=days), hour, minute)


def working_day_after(at: datetime, hour: int, minute: int = 0) -> datetime:
    """The next Monday to Friday after `at`, at a wall-clock time."""
    day = local_day(at) + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return local(day, hour, minute)


def seconds_z(at: datetime) -> str:
    """2026-03-12T08:00:00Z"""
    return at.isoformat(timespec="seconds")[:19] + "Z"


def millis_z(at: datetime) -> str:
    """2026-03-12T08:00:00.000Z"""
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def with_offset(at: datetime) -> str:
    """2026-03-12T09:00:00+01:00, in the home zone."""
    return at.astimezone(HOME).isoformat(timespec="seconds")


def months_before(end: date, months: int) -> list[tuple[int, int]]:
    """The `months` (year, month) pairs that end with the month of `end`, oldest first."""
    last = end.year * 12 + end.month - 1
    return [divmod(m, 12) for m in range(last - months + 1, last + 1)]
