"""The landing folder: which files of a source are there, told apart by what is in them."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingestion.source import File, Source

GROUP_BYTES = 256 * 1024 * 1024
NOT_DATA = ("mapping.yml", "mapping.yaml", "README.md")


@dataclass(frozen=True)
class Stat:
    """The size and modification time by which a file is known not to have changed."""

    size: int
    modified_ns: int

    @staticmethod
    def of(path: Path) -> "Stat":
        """Look at `path` now."""
        seen = path.stat()
        return Stat(seen.st_size, seen.st_mtime_ns)


@dataclass(frozen=True)
class Landed:
    """A file with the look that its digest belongs to."""

    file: File
    stat: Stat

    def has_changed(self) -> bool:
        """True when the file was written to, or taken away, since it was digested."""
        try:
            return Stat.of(self.file.path) != self.stat
        except FileNotFoundError:
            return True


class Landing:
    """The landing folder of all sources. `index` spares unchanged files a second digest."""

    def __init__(self, folder: Path, index: Path) -> None:
        self._folder = folder
        self._index_file = index
        self._index = self._read_index()

    def paths(self, source: Source) -> list[Path]:
        """The files of `source`, by path. Hidden and half-copied files are not there yet."""
        folder = self._folder / source.name
        found = {path for pattern in source.pattern for path in folder.glob(pattern)}
        return sorted(
            path
            for path in found
            if path.is_file()
            and path.name not in NOT_DATA
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
            and path.suffix not in (".part", ".tmp", ".crdownload")
        )

    def unseen(self, source: Source, seen: set[str]) -> list[Landed]:
        """The files whose content is not in `seen`, each content once."""
        seen = set(seen)
        found: list[Landed] = []
        for one in self.all(source):
            if one.file.sha256 not in seen:
                seen.add(one.file.sha256)
                found.append(replace(one, file=replace(one.file, number=len(found))))
        return found

    def all(self, source: Source) -> list[Landed]:
        """Every file, also those of the same content."""
        found = []
        for number, path in enumerate(self.paths(source)):
            stat = Stat.of(path)
            name = path.relative_to(self._folder / source.name).as_posix()
            found.append(Landed(File(number, path, name, self._digest(source, path, stat)), stat))
        self._write_index()
        return found

    def unfinished(self, source: Source) -> list[Path]:
        """The files that are not there yet: hidden, or still being copied."""
        folder = self._folder / source.name
        finished = set(self.paths(source))
        return sorted(
            path
            for path in folder.rglob("*")
            if path.is_file() and path not in finished and path.name not in NOT_DATA
        )

    def _digest(self, source: Source, path: Path, stat: Stat) -> str:
        key = f"{source.name}/{path.relative_to(self._folder / source.name).as_posix()}"
        known = self._index.get(key)
        if known and known[:2] == [stat.size, stat.modified_ns]:
            return known[2]
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._index[key] = [stat.size, stat.modified_ns, digest]
        return digest

    def _read_index(self) -> dict[str, list]:
        try:
            index = json.loads(self._index_file.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}  # a cache: without it every file is digested again
        return index if isinstance(index, dict) else {}

    def _write_index(self) -> None:
        self._index_file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._index_file.with_name(f".{self._index_file.name}.{os.getpid()}")
        fresh.write_text(json.dumps(self._index))
        os.replace(fresh, self._index_file)


def groups(landed: Sequence[Landed]) -> Iterator[list[Landed]]:
    """Cut files into batches of a bounded size, in order; a larger file is a batch of its own."""
    group: list[Landed] = []
    size = 0
    for one in landed:
        if group and size + one.stat.size > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(one)
        size += one.stat.size
    if group:
        yield group
