"""Room kept on a journal replica's disk for the time when it is full: a file of zeros, given up for the records that must still be written then.

A full disk must not stop reads, and reads need the epoch to go on, which takes a small LEASE record now and then. So the first append that finds no
room releases the reserve, goes on, and says so (`Appended.low`); the adjudicator then refuses commits (53100) and spends the reserve on leases, thousands of
them. When there is room again the reserve is filled, and commits are taken.

Left out: other files on the same disk may take the room that was released, and a record larger than the reserve waits, and all after it, until there is room.
"""

from __future__ import annotations

from actors.common.errors import DISK_FULL, DatabaseError
from actors.runtime.interfaces import Disk

PATH = "reserve"
RESERVE_BYTES = 1 << 20
"""Some ten thousand LEASE records; and what is under way when the disk fills up."""


class Reserve:
    """`is_held`: the room is there."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.is_held = False

    def fill(self) -> bool:
        """Take what is missing, if it is there; whether the reserve is held now."""
        if not self.is_held:
            file = self._disk.open(PATH)
            try:
                if file.size < RESERVE_BYTES:
                    file.append(bytes(RESERVE_BYTES - file.size))
                self.is_held = True
            except DatabaseError as error:
                if error.sqlstate != DISK_FULL:
                    raise
            finally:
                file.close()
        return self.is_held

    def release(self) -> bool:
        """Give the room up; whether there was any."""
        held, self.is_held = self.is_held, False
        if held:
            self._disk.remove(PATH)
        return held
