"""Watches one landing folder and says when files have landed in it and are at rest."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

SECONDS_BETWEEN_LOOKS = 3.0
HOURLY_NS = 65 * 60 * 10**9  # an hour, and some minutes for the run to start


class FilesLanded(BaseEventTrigger):
    """Fires when the files in `folder` differ from those of the last firing.

    It waits until two looks in a row see the same names, sizes and times, so that a file that is
    still being copied does not fire. After a restart, what has lain there for longer than the
    hourly run needs to find it does not fire.
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
        found_hourly = time.time_ns() - HOURLY_NS
        first = await asyncio.to_thread(files_in, Path(self.folder))
        fired = frozenset(each for each in first if each[2] < found_hourly)
        seen = first
        while True:
            await asyncio.sleep(self.seconds_between_looks)
            looked = await asyncio.to_thread(files_in, Path(self.folder))
            if looked == seen and looked != fired:
                fired = looked
                yield TriggerEvent({"folder": self.folder, "files": len(looked)})
            seen = looked


def files_in(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Name, size and time of change (ns) of every file below `folder`, hidden ones left out.

    The time is that of the inode: a copy that keeps its modification time changes it, too.
    """
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
            found.add((path, state.st_size, state.st_ctime_ns))
    return frozenset(found)
