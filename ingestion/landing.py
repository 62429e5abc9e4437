"""The landing place: which files of a source are there, told apart by what is in them."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ingestion.source import File, Source
from ingestion.store import Place, Stored, at, below

GROUP_BYTES = 256 * 1024 * 1024
NOT_DATA = ("mapping.yml", "mapping.yaml", "README.md")


@dataclass(frozen=True)
class Landed:
    """A file with the look that its digest belongs to."""

    file: File
    stored: Stored


class Landing:
    """The landing place of all sources. `index` spares unchanged files a second digest."""

    def __init__(self, place: Place, index: Path) -> None:
        self._place = place
        self._index_file = index
        self._index = self._read_index()

    def files(self, source: Source) -> list[Stored]:
        """The files of `source`, by path. Hidden and half-copied files are not there yet."""
        store = at(below(self._place, source.name))
        found = {
            stored.key: stored for pattern in source.pattern for stored in store.files(pattern)
        }
        return [
            found[key]
            for key in sorted(found, key=lambda key: key.split("/"))
            if found[key].name not in NOT_DATA
            and not any(part.startswith(".") for part in key.split("/"))
            and PurePosixPath(key).suffix not in (".part", ".tmp", ".crdownload")
        ]

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
        """Every file, also those of the same content. To be read, each must be brought `near`."""
        found = []
        for number, stored in enumerate(self.files(source)):
            file = File(number, Path(stored.address), stored.key, self._digest(source, stored))
            found.append(Landed(file, stored))
        self._write_index()
        return found

    def near(self, source: Source, one: Landed, scratch: Path) -> Landed:
        """The same with a path by which this machine can read it; a copy, if need be."""
        path = at(below(self._place, source.name)).near(one.stored.key, scratch / one.file.sha256)
        return replace(one, file=replace(one.file, path=path))

    def has_changed(self, source: Source, one: Landed) -> bool:
        """True when the file was written to, or taken away, since it was digested."""
        try:
            return at(below(self._place, source.name)).look(one.stored.key) != one.stored
        except FileNotFoundError:
            return True

    def unfinished(self, source: Source) -> list[Stored]:
        """The files that are not there yet: hidden, or still being copied."""
        finished = {stored.key for stored in self.files(source)}
        return [
            stored
            for stored in at(below(self._place, source.name)).files("**/*")
            if stored.key not in finished and stored.name not in NOT_DATA
        ]

    def _digest(self, source: Source, stored: Stored) -> str:
        key = f"{source.name}/{stored.key}"
        known = self._index.get(key)
        if known and known[:2] == [stored.size, stored.stamp]:
            return known[2]
        digest = at(below(self._place, source.name)).digest(stored.key)
        self._index[key] = [stored.size, stored.stamp, digest]
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
        if group and size + one.stored.size > GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(one)
        size += one.stored.size
    if group:
        yield group
