"""Where state is kept: a folder of this machine, or a bucket of an S3-compatible store.

Both keep whole files under names with '/'. A file is there whole or not at all; `put_new` refuses
to overwrite; what was put is listed and read from then on. Nothing else of ingestion and serving
knows which of the two it has.
"""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import duckdb

# A folder, or the URL `s3://bucket/prefix`.
Place = Path | str
SCHEME = "s3://"


@dataclass(frozen=True)
class Stored:
    """One kept file: its key below the place, and the address by which DuckDB opens it.

    `stamp` changes when the content does: nanoseconds of the last write, or the store's tag.
    """

    key: str
    address: str
    size: int
    stamp: int | str

    @property
    def name(self) -> str:
        """The last part of the key."""
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        """The last part of the key, without its suffix."""
        return PurePosixPath(self.key).stem

    @property
    def folder(self) -> str:
        """The first part of the key."""
        return self.key.partition("/")[0]


class Store(Protocol):
    """What both kinds of place can do. A key that is not there raises FileNotFoundError."""

    def open(self) -> None:
        """Make the place ready. Raises StoreError, in plain words, where that cannot be."""

    def address(self, key: str) -> str:
        """By what DuckDB opens the file, or a pattern of files."""

    def files(self, pattern: str) -> list[Stored]:
        """The files whose keys fit a pattern with *, ** and ?, by key."""

    def look(self, key: str) -> Stored:
        """One file, as it is now."""

    def folders(self) -> list[str]:
        """The first parts of all keys, by name."""

    def read(self, key: str) -> bytes:
        """The content of a small file."""

    def digest(self, key: str) -> str:
        """The sha256 of a file."""

    def near(self, key: str, scratch: Path) -> Path:
        """A path on this machine to read the file by; a copy, if need be, below `scratch`."""

    def scratch(self, key: str) -> Path:
        """Where to write what is to be put under the key; no reader sees it there."""

    def put_new(self, key: str, fresh: Path) -> bool:
        """Keep the finished file `fresh`, and take it away. False: the key was there, and stays."""

    def put(self, key: str, fresh: Path) -> None:
        """Keep the finished file `fresh` instead of what was there, and take it away."""

    def delete(self, key: str) -> None:
        """Delete a file, if it is there."""

    def clear_scratch(self) -> None:
        """Delete what killed writers left unfinished. Only where nobody writes."""

    def other_names(self, key: str) -> bool:
        """Whether the file's content has other names, under which it stays when this one goes."""

    def shared(self) -> AbstractContextManager[None]:
        """Hold the place beside others, and while nobody holds it alone."""

    def alone(self) -> AbstractContextManager[None]:
        """Hold the place alone: waits until nobody else holds it."""

    def readable(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a connection open this place's addresses."""

    def put_folder(self, name: str, fresh: Path, last: str, cache: Path) -> None:
        """Keep a finished folder of files under a new name: readers see it whole or not at all.

        It is there once its file `last` is.
        """

    def near_folder(self, name: str, cache: Path, only: Collection[str] = ()) -> Path:
        """A folder of this machine to read that folder's files by; copies in `cache`, if need be.

        `only` are the files that are needed; none: all. Raises FileNotFoundError.
        """

    def folder_scratch(self, name: str, last: str, cache: Path) -> Path:
        """An empty folder in which to write what `put_folder` keeps. Clears away what killed
        writers left of others: only for one writer at a time."""

    def delete_folder(self, name: str, last: str, cache: Path) -> None:
        """Delete a folder; from the first moment on it is not there any more."""

    def point(self, pointer: str, name: str) -> None:
        """Have the pointer name that folder, in one step."""

    def pointed(self, pointer: str) -> str | None:
        """The folder that the pointer names; None while it names none."""


def at(place: Place) -> Store:
    """The store at a place."""
    if isinstance(place, Path):
        from ingestion.store.folder import Folder

        return Folder(place)
    from ingestion.store.bucket import Bucket

    return Bucket.of(place)


def below(place: Place, name: str) -> Place:
    """The place `name` within a place."""
    return place / name if isinstance(place, Path) else f"{place}/{name}"
