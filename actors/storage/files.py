"""Files that are written once: durable at the end, and gone where they fail on the way."""

from __future__ import annotations

import asyncio

from actors.common.errors import DatabaseError
from actors.runtime.interfaces import Disk, File


async def sync(file: File) -> None:
    """As File.sync. Raises its DatabaseError."""
    done: asyncio.Future[DatabaseError | None] = asyncio.get_running_loop().create_future()
    file.sync(lambda error: None if done.done() else done.set_result(error))
    error = await done
    if error is not None:
        raise error


def discard(disk: Disk, path: str) -> None:
    """Remove a file that may be there."""
    if disk.exists(path):
        disk.remove(path)
