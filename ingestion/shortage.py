"""What is lacking when nothing is wrong with the data: space on a disk, or memory.

Such a failure must not be taken for a bad file, and says what to do about it.
"""

import errno
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.errors import IngestionError, UnreadableFile
from ingestion.settings import Settings

SPACE, MEMORY = "space", "memory"
_ERRNOS = {errno.ENOSPC: SPACE, errno.EDQUOT: SPACE, errno.ENOMEM: MEMORY}
_SAID = {
    SPACE: re.compile(r"no space left|disk quota exceeded|database or disk is full", re.IGNORECASE),
    MEMORY: re.compile(
        r"out of memory|cannot allocate memory|failed to allocate|could not allocate|memoryerror",
        re.IGNORECASE,
    ),
}
LITTLE = 1 << 20  # bytes; with no more than that free, a failure that says nothing is this one


class Shortage(IngestionError):
    """A disk is full or memory is used up. May heal by itself: worth another try."""


@contextmanager
def told(settings: Settings) -> Iterator[None]:
    """Raise Shortage, in plain words, instead of what says so in other words."""
    try:
        yield
    except (OSError, MemoryError, duckdb.Error, pa.ArrowException, UnreadableFile) as error:
        if what := lacking(error):
            raise shortage(settings, what) from error
        raise


def lacking(error: BaseException | None) -> str | None:
    """SPACE or MEMORY where the error, or its cause, is for want of that; else None."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _ERRNOS:
            return _ERRNOS[error.errno]
        if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
            return MEMORY
        if what := said(str(error)):
            return what
        error = error.__cause__
    return None


def said(text: str) -> str | None:
    """SPACE or MEMORY where a text of another program says so; else None."""
    return next((what for what, pattern in _SAID.items() if pattern.search(text)), None)


def is_full(folder: Path) -> bool:
    """Whether the disk that holds `folder` has next to nothing left."""
    return shutil.disk_usage(folder).free < LITTLE


def shortage(settings: Settings, what: str) -> Shortage:
    """The error, with what is there and what to do."""
    if what == MEMORY:
        return Shortage(
            f"out of memory: JOURNEYS_MEMORY_LIMIT lets DuckDB use {settings.memory_limit}, and "
            "what does not fit goes to disk but for a part. Raise it, or free memory, and run "
            "again: nothing was half recorded, and readers keep the last release"
        )
    disk = shutil.disk_usage(settings.root)
    return Shortage(
        f"no space left: the disk of {settings.root} has {disk.free / 1e6:,.0f} of "
        f"{disk.total / 1e6:,.0f} MB free. Make room and run again: nothing was half recorded, "
        "and readers keep the last release"
    )
