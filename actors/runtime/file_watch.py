"""A file that says something to running processes: one writes it, the event loops of the others hear of that at once.

    watch = FileWatch(path, lambda: read_again(path))     of the running loop; Linux's inotify
    os.replace(new, path)                                 the writer, another process

Nothing is polled, and a process that starts later reads what is there.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable
from pathlib import Path

_MOVED_TO = 0x80
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_EVENTS_BYTES = 4096


class FileWatch:
    """`on_change()` whenever a file has been moved into the folder of `path`: `path` itself, or, rarely, another. The
    folder must be there. Raises OSError where the system gives no watch."""

    def __init__(self, path: Path, on_change: Callable[[], None]) -> None:
        library = ctypes.CDLL(None, use_errno=True)
        self._on_change = on_change
        self._descriptor = library.inotify_init1(_FLAGS)
        if self._descriptor < 0 or library.inotify_add_watch(self._descriptor, bytes(path.parent), _MOVED_TO) < 0:
            error = ctypes.get_errno()
            if self._descriptor >= 0:
                os.close(self._descriptor)
            raise OSError(error, os.strerror(error), str(path.parent))
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        os.read(self._descriptor, _EVENTS_BYTES)
        self._on_change()

    def close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
