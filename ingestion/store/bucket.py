"""A place in a bucket of an S3-compatible store, by way of fsspec: DuckDB reads it by the same way.

Keys, region and endpoint come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, and whatever else the AWS clients read); none is ever shown.
The store must refuse a conditional put (`If-None-Match: *`) where the key is there, and list what
was put at once; S3 has done both since 2024.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from ingestion.errors import StoreError
from ingestion.store import SCHEME, Stored

# Who holds the place keeps a small object there, and writes it anew before it is out of date.
HELD = ".held"
ALONE = f"{HELD}/alone"
SECONDS_BETWEEN_SIGNS = 30
OUT_OF_DATE = timedelta(minutes=10)
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class Bucket:
    """A place below `root` (bucket/prefix); see `Store`."""

    root: str

    @staticmethod
    def of(url: str) -> "Bucket":
        """The place of a URL. Raises StoreError for one that names no bucket."""
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/?#*\[\]]+)*/?", url):
            raise StoreError(f"{url}: a place in a store is written s3://<bucket>/<prefix>")
        return Bucket(url.removeprefix(SCHEME).rstrip("/"))

    @cached_property
    def _files(self) -> Any:
        import fsspec

        return fsspec.filesystem(
            "s3",
            # What another process put a moment ago must be seen.
            use_listings_cache=False,
            # DuckDB asks for what it needs: reading ahead of that was twice to ten times the bytes.
            default_cache_type="none",
            config_kwargs={"connect_timeout": 10, "retries": {"max_attempts": 5}},
        )

    def open(self) -> None:
        """Ask for the bucket: a mistake in its name or in the keys shows here."""
        name = self.root.partition("/")[0]
        try:
            with self._said():
                self._files.call_s3("head_bucket", Bucket=name)
        except FileNotFoundError as error:
            raise StoreError(f"{SCHEME}{self.root}: there is no bucket {name}") from error

    def address(self, key: str) -> str:
        """The URL."""
        return f"{SCHEME}{self.root}/{key}"

    def files(self, pattern: str) -> list[Stored]:
        """By one listing of what can fit."""
        fits = re.compile(_as_regex(pattern))
        start = re.split(r"[*?\[]", pattern)[0].rpartition("/")[0]
        return [stored for stored in self._listed(start) if fits.fullmatch(stored.key)]

    def look(self, key: str) -> Stored:
        """By asking for the head alone."""
        with self._said():
            return self._stored(self._files.info(self._path(key), refresh=True))

    def folders(self) -> list[str]:
        """Hidden ones left out."""
        names = {stored.folder for stored in self._listed("") if "/" in stored.key}
        return sorted(name for name in names if not name.startswith("."))

    def read(self, key: str) -> bytes:
        """The bytes."""
        with self._said():
            return self._files.cat_file(self._path(key))

    def digest(self, key: str) -> str:
        """Read once, and not kept."""
        with self._said(), self._files.open(self._path(key)) as file:
            made = hashlib.sha256()
            while part := file.read(16 << 20):
                made.update(part)
            return made.hexdigest()

    def near(self, key: str, scratch: Path) -> Path:
        """A copy under the same name."""
        copy = scratch / key
        copy.parent.mkdir(parents=True, exist_ok=True)
        self._get(key, copy)
        return copy

    def scratch(self, key: str) -> Path:
        """In the machine's folder for temporary files (TMPDIR); what dead processes left goes."""
        folder = Path(tempfile.gettempdir()) / f"journeys-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        for leftover in folder.iterdir():
            if not _lives(int(leftover.suffix[1:])):
                leftover.unlink(missing_ok=True)
        named = hashlib.sha256(f"{self.root}/{key}".encode()).hexdigest()[:32]
        return folder / f"{named}-{threading.get_ident()}.{os.getpid()}"

    def put_new(self, key: str, fresh: Path) -> bool:
        """By a conditional put, which refuses to overwrite: a retry is harmless."""
        try:
            with self._said():
                self._files.put_file(str(fresh), self._path(key), mode="create")
        except FileExistsError:
            return False
        finally:
            fresh.unlink()
        return True

    def put(self, key: str, fresh: Path) -> None:
        """By one put."""
        with self._said():
            self._files.put_file(str(fresh), self._path(key))
        fresh.unlink()

    def delete(self, key: str) -> None:
        """Where the bucket keeps versions, it keeps the old one."""
        with self._said():
            self._files.rm_file(self._path(key))

    def clear_scratch(self) -> None:
        """Unfinished files are on the machine of their writer, whose next one clears them away."""

    def other_names(self, key: str) -> bool:
        """An object has one name."""
        return False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Beside others: a sign of our own, and then a look whether somebody holds it alone.

        Who would hold it alone does the same the other way round, so one of the two sees the other.
        """
        while True:
            with self._sign(f"{HELD}/{uuid.uuid4().hex}") as is_held:
                if not self._held(ALONE):
                    yield
                    is_held()
                    return
            time.sleep(SECONDS_BETWEEN_LOOKS)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Alone: one sign that only one can have, and then waiting until there is no other."""
        while True:
            try:
                with self._sign(ALONE) as is_held:
                    while [key for key in self._signs() if key != ALONE and self._held(key)]:
                        time.sleep(SECONDS_BETWEEN_LOOKS)
                    yield
                    is_held()
                    return
            except _Taken:
                self._held(ALONE)
                time.sleep(SECONDS_BETWEEN_LOOKS)

    def readable(self, connection: duckdb.DuckDBPyConnection) -> None:
        """DuckDB reads s3:// by fsspec, too."""
        connection.register_filesystem(self._files)

    def folder_scratch(self, name: str, last: str, cache: Path) -> Path:
        """Hidden in the cache."""
        begun = self.files("*/**/*")
        whole = {stored.folder for stored in begun if stored.key == f"{stored.folder}/{last}"}
        for stored in begun:
            if stored.folder not in whole:
                self.delete(stored.key)
        cache.mkdir(parents=True, exist_ok=True)
        for leftover in cache.glob(".*.part"):
            shutil.rmtree(leftover)
        fresh = cache / f".{name}.part"
        fresh.mkdir()
        return fresh

    def put_folder(self, name: str, fresh: Path, last: str, cache: Path) -> None:
        """File by file, `last` at the end; the copy stays in the cache."""
        files = [path.relative_to(fresh).as_posix() for path in _files_in(fresh)]
        for file in sorted(files, key=lambda file: file == last):
            with self._said():
                self._files.put_file(str(fresh / file), self._path(f"{name}/{file}"))
        self._remember(fresh, self._in(name))
        fresh.rename(cache / name)

    def near_folder(self, name: str, cache: Path, only: Collection[str] = ()) -> Path:
        """Copies of those files that changed since they were copied, each replaced whole."""
        there = self._in(name)
        if not there:
            raise FileNotFoundError(self.address(name))
        folder = cache / name
        folder.mkdir(parents=True, exist_ok=True)
        kept = self.folders()
        for old in cache.glob("[!.]*"):
            if old.name not in kept:
                shutil.rmtree(old, ignore_errors=True)
        known = json.loads(_text(folder / ".stamps") or "{}")
        for path in _files_in(folder):
            if path.relative_to(folder).as_posix() not in there:
                path.unlink()
        for file, stored in there.items():
            copy = folder / file
            if (only and file not in only) or (copy.exists() and known.get(file) == stored.stamp):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            part = copy.with_name(f".{copy.name}.{os.getpid()}")
            self._get(stored.key, part)
            part.chmod(0o444)
            part.replace(copy)
            known[file] = stored.stamp
        self._remember(folder, {file: there[file] for file in there if (folder / file).exists()})
        return folder

    def delete_folder(self, name: str, last: str, cache: Path) -> None:
        """`last` first: without it the folder is none."""
        self.delete(f"{name}/{last}")
        for stored in self._in(name).values():
            self.delete(stored.key)
        shutil.rmtree(cache / name, ignore_errors=True)

    def point(self, pointer: str, name: str) -> None:
        """A small object that holds the name."""
        with self._said():
            self._files.pipe_file(self._path(pointer), name.encode())

    def pointed(self, pointer: str) -> str | None:
        """What the object holds."""
        try:
            return self.read(pointer).decode().strip()
        except FileNotFoundError:
            return None

    @contextmanager
    def _sign(self, key: str) -> Iterator[Callable[[], None]]:
        """Keep a sign there while this lasts; yields a check that nobody took it for left behind.

        Raises _Taken where it is there already.
        """
        mine = uuid.uuid4().hex.encode()
        with self._said():
            try:
                self._files.pipe_file(self._path(key), mine, mode="create")
            except FileExistsError as error:
                raise _Taken from error
        over = threading.Event()

        def is_mine() -> bool:
            try:
                return self.read(key) == mine
            except FileNotFoundError:
                return False

        def is_held() -> None:
            if not is_mine():
                raise StoreError(
                    f"{self.address('')}: this process stood still for more than {OUT_OF_DATE}, "
                    "and another took its place for free. Run it again; was a person erased "
                    "meanwhile, run that again after it"
                )

        def renew() -> None:
            while not over.wait(SECONDS_BETWEEN_SIGNS):
                try:
                    is_held()
                    with self._said():
                        self._files.pipe_file(self._path(key), mine)
                except StoreError:
                    continue  # a store that is away may come back; the end of all looks again

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield is_held
        finally:
            over.set()
            thread.join()
            if is_mine():
                self.delete(key)

    def _signs(self) -> list[str]:
        return [stored.key for stored in self.files(f"{HELD}/*")]

    def _held(self, key: str) -> bool:
        """Whether a sign is there and in date, by the store's own clock; else it goes."""
        try:
            written = self._written(key)
        except FileNotFoundError:
            return False
        if self._now() - written < OUT_OF_DATE:
            return True
        self.delete(key)
        return False

    def _written(self, key: str) -> datetime:
        with self._said():
            return self._files.info(self._path(key), refresh=True)["LastModified"]

    def _now(self) -> datetime:
        """The store's clock: when it says that it was given something just now."""
        key = f".clock/{uuid.uuid4().hex}"
        with self._said():
            self._files.pipe_file(self._path(key), b"")
        now = self._written(key)
        self.delete(key)
        return now

    def _get(self, key: str, target: Path) -> None:
        with self._said():
            self._files.get_file(self._path(key), str(target))

    def _listed(self, start: str) -> list[Stored]:
        with self._said():
            path = f"{self.root}/{start}".rstrip("/")
            found = self._files.find(path, detail=True, refresh=True)
        # Where nothing was listed s3fs looks once more, and gives a folder for what came meanwhile.
        files = [path for path, info in found.items() if info["type"] == "file"]
        return [self._stored(found[path]) for path in sorted(files, key=lambda p: p.split("/"))]

    def _stored(self, info: dict[str, Any]) -> Stored:
        key = info["name"].removeprefix(f"{self.root}/")
        return Stored(key, self.address(key), info["size"], info["ETag"].strip('"'))

    def _in(self, name: str) -> dict[str, Stored]:
        """The files of a folder, by their paths in it."""
        return {
            stored.key.removeprefix(f"{name}/"): stored for stored in self.files(f"{name}/**/*")
        }

    def _path(self, key: str) -> str:
        return f"{self.root}/{key}"

    def _remember(self, folder: Path, copied: dict[str, Stored]) -> None:
        stamps = {name: stored.stamp for name, stored in copied.items()}
        (folder / ".stamps").write_text(json.dumps(stamps))

    @contextmanager
    def _said(self) -> Iterator[None]:
        """Tell what a store answers in words that hold no key of ours."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (FileNotFoundError, FileExistsError, StoreError):
            raise
        except (OSError, BotoCoreError, ClientError) as error:
            raise StoreError(
                f"{SCHEME}{self.root}: {type(error).__name__}: {_without_keys(str(error))}. "
                "Keys, region and endpoint are read from AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL"
            ) from None


class _Taken(Exception):
    """The sign is there already."""


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _without_keys(text: str) -> str:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
        if value := os.environ.get(name):
            text = text.replace(value, "…")
    return text


def _as_regex(pattern: str) -> str:
    """A glob of pathlib's kind as a regular expression for whole keys."""
    parts = re.split(r"(\*\*/|\*|\?)", pattern)
    meant = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    return "".join(meant.get(part, re.escape(part)) for part in parts)
