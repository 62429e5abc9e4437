"""Numbers and times as the report says them."""

from datetime import datetime


def number(value: float, decimals: int = 0) -> str:
    """A number with thousands apart, and a true minus."""
    return f"{value:,.{decimals}f}".replace("-", "−")


def counted(value: int, thing: str) -> str:
    """A number of things: 1 journey, 2,000 journeys."""
    return f"{number(value)} {thing}{'' if value == 1 else 's'}"


def percent(part: float, whole: float) -> str:
    """A share, in whole percent; a dash where there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else "–"


def change(now: float, before: float) -> str:
    """How a number compares with an earlier one: 11 % less, 3 % more, as many."""
    share = round(100 * (now - before) / before) if before else None
    if share is None:
        return "none" if not now else "after none"
    if not share:
        return "as many"
    return f"{abs(share)} % {'more' if share > 0 else 'less'}"


def day(at: datetime) -> str:
    """A day that no line break parts: 30 Jun 2026."""
    return f"{at.day}\u00a0{at:%b}\u00a0{at:%Y}"


def time(at: datetime) -> str:
    """A minute, so written that text sorts as time does."""
    return f"{at:%Y-%m-%d %H:%M}"


def shortened(value: str, length: int) -> str:
    """A text of at most `length` characters."""
    return value if len(value) <= length else value[: length - 1] + "…"
