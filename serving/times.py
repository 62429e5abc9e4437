"""Times as people type them on the command line."""

import re
from datetime import UTC, datetime

from serving.errors import TimeError


def utc(text: str, name: str) -> str:
    """`text` as `YYYY-MM-DD HH:MM:SS.ffffff` in UTC; '' stays ''. A date means the end of its day.

    Raises TimeError for what is no time, or has no time zone.
    """
    text = text.strip()
    if not text:
        return ""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        text += "T23:59:59.999999Z"
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise TimeError(
            f"{name}={text!r} is no time: write 2026-03-31T12:00:00Z, or 2026-03-31 for its end"
        ) from None
    if instant.tzinfo is None:
        raise TimeError(f"{name}={text!r} has no time zone: end it with Z for UTC, or an offset")
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
