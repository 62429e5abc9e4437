"""A place that is a folder of this machine: what is kept is linked, so it is there whole."""

import fcntl
import hashlib
import os
import shutil
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion.errors import StoreError
from ingestion.store import Stored

UNFINISHED = ".fresh"


@dataclass(frozen=True)
class Folder:
    """A folder; see `Store`. Unfinished files are hidden beside the finished ones."""

    path: Path

    def open(self) -> None:
        """Make the folder."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path} holds the state, and cannot be made: {error.strerror}"
            ) from error

    def address(self, key: str) -> str:
        """The path."""
        return str(self.path / key)

    def files(self, pattern: str) -> list[Stored]:
        """By a look at the folder now; what goes away between the two looks is not there."""
        found = []
        for path in self.path.glob(pattern):
            try:
                if path.is_file():
                    found.append(self._stored(path))
            except FileNotFoundError:
                continue
        return sorted(found, key=lambda stored: stored.key.split("/"))

    def look(self, key: str) -> Stored:
        """By its size and modification time."""
        return self._stored(self.path / key)

    def folders(self) -> list[str]:
        """Hidden ones left out."""
        if not self.path.is_dir():
            return []
        names = [entry.name for entry in os.scandir(self.path) if entry.is_dir()]
        return sorted(name for name in names if not name.startswith("."))

    def read(self, key: str) -> bytes:
        """The bytes."""
        return (self.path / key).read_bytes()

    def digest(self, key: str) -> str:
        """Read once."""
        with (self.path / key).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def near(self, key: str, scratch: Path) -> Path:
        """The file itself."""
        return self.path / key

    def scratch(self, key: str) -> Path:
        """Hidden beside it, for a link needs the same file system."""
        path = (self.path / key).resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{UNFINISHED}")

    def put_new(self, key: str, fresh: Path) -> bool:
        """Linking refuses to overwrite: a retry is harmless."""
        _flush(fresh)
        path = self.path / key
        try:
            os.link(fresh, path)
        except FileExistsError:
            return False
        finally:
            fresh.unlink()
        _flush(path.parent)
        return True

    def put(self, key: str, fresh: Path) -> None:
        """By renaming; the mode stays. Where the key is a symbolic link, its target is replaced."""
        path = (self.path / key).resolve()
        if path.exists():
            fresh.chmod(path.stat().st_mode & 0o7777)
        _flush(fresh)
        os.replace(fresh, path)
        _flush(path.parent)

    def delete(self, key: str) -> None:
        """Where the key is a symbolic link, what it leads to is deleted."""
        (self.path / key).resolve().unlink(missing_ok=True)

    def clear_scratch(self) -> None:
        """Hidden files of the form that `scratch` gives."""
        for path in self.path.glob(f"**/.*{UNFINISHED}"):
            path.unlink()

    def other_names(self, key: str) -> bool:
        """Hard links."""
        return (self.path / key).stat().st_nlink > 1

    @contextmanager
    def shared(self) -> Iterator[None]:
        """The kernel's lock: who dies gives it back."""
        with self._lock(fcntl.LOCK_SH):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The kernel's lock."""
        with self._lock(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with open(self.path / ".lock", "a") as lock:
            fcntl.flock(lock, kind)
            yield

    def readable(self, connection: duckdb.DuckDBPyConnection) -> None:
        """DuckDB reads files by itself."""

    def folder_scratch(self, name: str, last: str, cache: Path) -> Path:
        """Hidden beside the finished folders."""
        self.path.mkdir(parents=True, exist_ok=True)
        for leftover in self.path.glob(".*.part"):
            shutil.rmtree(leftover)
        fresh = self.path / f".{name}.part"
        fresh.mkdir()
        return fresh

    def put_folder(self, name: str, fresh: Path, last: str, cache: Path) -> None:
        """By renaming."""
        for path in (*fresh.rglob("*"), fresh):
            _flush(path)
        fresh.rename(self.path / name)

    def near_folder(self, name: str, cache: Path, only: Collection[str] = ()) -> Path:
        """The folder itself."""
        return self.path / name

    def delete_folder(self, name: str, last: str, cache: Path) -> None:
        """Out of sight first: a folder that is half deleted is none."""
        shutil.rmtree((self.path / name).rename(self.path / f".{name}.part"))

    def point(self, pointer: str, name: str) -> None:
        """A symbolic link, swapped by renaming."""
        fresh = self.path / f".{pointer}.fresh"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(name)
        fresh.replace(self.path / pointer)
        _flush(self.path)

    def pointed(self, pointer: str) -> str | None:
        """What the link leads to."""
        link = self.path / pointer
        return link.resolve().name if link.exists() else None

    def _stored(self, path: Path) -> Stored:
        seen = path.stat()
        key = path.relative_to(self.path).as_posix()
        return Stored(key, str(path), seen.st_size, seen.st_mtime_ns)


def _flush(path: Path) -> None:
    """Make what was written to a file or folder last a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
