"""Watches one landing folder and says when files have landed in it and are at rest."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

SECONDS_BETWEEN_LOOKS = 3.0


class FilesLanded(BaseEventTrigger):
    """Fires when the files in `folder` differ from those of the last firing.

    It waits until two looks in a row see the same names, sizes and times, so that a file that is
    still being copied does not fire. After a restart, what ingestion has in its `index` of digested
    files does not fire: a run has looked at it.
    """

    def __init__(
        self, folder: str, index: str, seconds_between_looks: float = SECONDS_BETWEEN_LOOKS
    ) -> None:
        super().__init__()
        self.folder = folder
        self.index = index
        self.seconds_between_looks = seconds_between_looks

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and arguments from which the triggerer makes this trigger again."""
        return (
            "dags.landing_watch.FilesLanded",
            {
                "folder": self.folder,
                "index": self.index,
                "seconds_between_looks": self.seconds_between_looks,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, wait, look again; never ends."""
        seen = await asyncio.to_thread(files_in, Path(self.folder))
        fired = seen & digested(Path(self.index), Path(self.folder))
        while True:
            await asyncio.sleep(self.seconds_between_looks)
            looked = await asyncio.to_thread(files_in, Path(self.folder))
            if looked == seen and looked != fired:
                fired = looked
                yield TriggerEvent({"folder": self.folder, "files": len(looked)})
            seen = looked


def files_in(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Path, size and modification time (ns) of every file below `folder`, hidden ones left out."""
    found = set()
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith("."):
                continue
            path = os.path.join(parent, name)
            try:
                state = os.stat(path)
            except FileNotFoundError:
                continue  # moved away between the listing and the look: the next look settles it
            found.add((path, state.st_size, state.st_mtime_ns))
    return frozenset(found)


def digested(index: Path, landing: Path) -> frozenset[tuple[str, int, int]]:
    """The files below `landing` that ingestion's index knows, as `files_in` tells them."""
    try:
        known = json.loads(index.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return frozenset()  # a cache of ingestion's: without it, everything there fires once
    return frozenset(
        (str(landing.parent / name), size, modified) for name, (size, modified, *_) in known.items()
    )
