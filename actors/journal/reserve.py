"""Room kept on a journal replica's disk for the time when it is full: a file of zeros, given up for the records that
must still be written then.

A full disk must not stop reads, and reads need the epoch to go on, which takes a small LEASE record now and then. So
the first append that finds no room releases the reserve, goes on, and says so (`Appended.low`); the adjudicator then
refuses commits (53100) and spends the reserve on leases, thousands of them. When there is room again the reserve is
filled, and commits are taken.

Left out: other files on the same disk may take the room that was released, and a record larger than the reserve waits,
and all after it, until there is room.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from actors.common.errors import DISK_FULL, DatabaseError
from actors.runtime.interfaces import Disk

PATH = "reserve"
RESERVE_BYTES = 1 << 20
"""Some ten thousand LEASE records; and what is under way when the disk fills up."""
_ZEROS = bytes(RESERVE_BYTES)
ROOM_WATCH_S = 1.0
"""How often a replica whose disk is full looks whether there is room again."""


class Reserve:
    """`is_held`: the room is there."""

    def __init__(self, disk: Disk, spawn: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._disk = disk
        self._spawn = spawn
        self._watches = False
        self.is_held = False

    def begin(self) -> None:
        """Take the room, now or as soon as it is there."""
        if not self.fill():
            self._watch()

    def fill(self) -> bool:
        """Take what is missing, if it is there; whether the reserve is held now."""
        if not self.is_held:
            file = self._disk.open(PATH)
            try:
                if file.size < RESERVE_BYTES:
                    file.append(_ZEROS[file.size :])
                self.is_held = True
            except DatabaseError as error:
                if error.sqlstate != DISK_FULL:
                    raise
            finally:
                file.close()
        return self.is_held

    def makes_room(self, error: DatabaseError) -> bool:
        """What failed with `error` can be tried again: the disk was full, and the reserve is given up for it."""
        return error.sqlstate == DISK_FULL and self.release()

    def release(self) -> bool:
        """Give the room up, until there is more; whether there was any."""
        held, self.is_held = self.is_held, False
        if held:
            self._disk.remove(PATH)
            self._watch()
        return held

    def _watch(self) -> None:
        """Fill the reserve once there is room again: an idle journal has nobody else to notice that."""
        if self._watches:
            return
        self._watches = True

        async def watch() -> None:
            while not self.is_held:
                await asyncio.sleep(ROOM_WATCH_S)
                self.fill()
            self._watches = False

        self._spawn(watch())
