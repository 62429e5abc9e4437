"""Watches one landing place and says when files have landed in it and are at rest."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from ingestion.store import SCHEME, Place, at

SECONDS_BETWEEN_LOOKS = 3.0
# A store counts, and bills, each look.
SECONDS_BETWEEN_LOOKS_AT_A_STORE = 20.0


class FilesLanded(BaseEventTrigger):
    """Fires when the files in `folder` differ from those of the last firing.

    It waits until two looks in a row see the same names, sizes and times, so that a file that is
    still being copied does not fire. After a restart, what ingestion has in its `index` of digested
    files does not fire: a run has looked at it.
    """

    def __init__(self, folder: str, index: str, seconds_between_looks: float | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.index = index
        self.seconds_between_looks = seconds_between_looks or (
            SECONDS_BETWEEN_LOOKS_AT_A_STORE if folder.startswith(SCHEME) else SECONDS_BETWEEN_LOOKS
        )

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
        place = self.folder if self.folder.startswith(SCHEME) else Path(self.folder)
        source = self.folder.rpartition("/")[2]
        seen = await asyncio.to_thread(files_in, place)
        fired = seen & digested(Path(self.index), source)
        while True:
            await asyncio.sleep(self.seconds_between_looks)
            looked = await asyncio.to_thread(files_in, place)
            if looked == seen and looked != fired:
                fired = looked
                yield TriggerEvent({"folder": self.folder, "files": len(looked)})
            seen = looked


def files_in(place: Place) -> frozenset[tuple[str, int, int | str]]:
    """Key, size and stamp of every file in the place, hidden ones left out."""
    return frozenset(
        (file.key, file.size, file.stamp)
        for file in at(place).files("**/*")
        if not any(part.startswith(".") for part in file.key.split("/"))
    )


def digested(index: Path, source: str) -> frozenset[tuple[str, int, int | str]]:
    """The files of `source` that ingestion's index knows, as `files_in` tells them."""
    try:
        known = json.loads(index.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return frozenset()  # a cache of ingestion's: without it, everything there fires once
    return frozenset(
        (name.removeprefix(f"{source}/"), size, stamp)
        for name, (size, stamp, *_) in known.items()
        if name.startswith(f"{source}/")
    )
