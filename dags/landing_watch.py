"""Watches one landing folder and says when files have landed in it and are at rest."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

SECONDS_BETWEEN_LOOKS = 3.0


class FilesLanded(BaseEventTrigger):
    """Fires when the files in `folder` differ from those of the last firing.

    It waits until two looks in a row see the same names, sizes and times, so that a file that is
    still being copied does not fire. After a restart it fires once for what is there: the run
    that follows finds nothing new, and says so.
    """

    def __init__(self, folder: str, seconds_between_looks: float = SECONDS_BETWEEN_LOOKS) -> None:
        super().__init__()
        self.folder = folder
        self.seconds_between_looks = seconds_between_looks

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and arguments from which the triggerer makes this trigger again."""
        return (
            "dags.landing_watch.FilesLanded",
            {"folder": self.folder, "seconds_between_looks": self.seconds_between_looks},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, wait, look again; never ends."""
        fired = seen = frozenset[tuple[str, int, int]]()
        while True:
            looked = await asyncio.to_thread(files_in, Path(self.folder))
            if looked == seen and looked != fired:
                fired = looked
                yield TriggerEvent({"folder": self.folder, "files": len(looked)})
            seen = looked
            await asyncio.sleep(self.seconds_between_looks)


def files_in(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Name, size and time of change (ns) of every file below `folder`, hidden ones left out."""
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
