"""A process's signs that its event loop turns, for whoever watches it from outside (cluster/loop_watch.py).

A few words of shared memory in a file: who the process is, and a counter that its loop raises every `BEAT_S`. Nothing
in the process looks at it: what holds the loop may hold the interpreter too.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import threading
from pathlib import Path
from struct import Struct
from struct import error as StructError
from typing import NamedTuple

from actors.runtime.process_stat import stat_of

BEAT_S = 0.5
"""A turn of some microseconds: nothing to an idle process."""
_words = Struct("<qqqq")


class Beat(NamedTuple):
    """`started`: the process's start time in the kernel's ticks, which with `pid` names it for ever; `thread`: the
    loop's; `beats`: so many so far."""

    pid: int
    started: int
    thread: int
    beats: int


class Heartbeat:
    """Of this process, on the running loop, until the process ends."""

    def __init__(self, path: Path) -> None:
        """Raises OSError. A file that a former process left is replaced: a watcher that holds the old one sees that it
        is gone."""
        fresh = path.with_suffix(".new")
        fresh.write_bytes(bytes(_words.size))
        with fresh.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _words.size)
        self._count = 0
        self._who = (os.getpid(), process_start(os.getpid()) or 0, threading.get_native_id())
        self._beat()
        fresh.replace(path)

    def _beat(self) -> None:
        self._count += 1
        _words.pack_into(self._memory, 0, *self._who, self._count)
        asyncio.get_running_loop().call_later(BEAT_S, self._beat)


def read_beat(path: Path) -> Beat | None:
    """None where no process has begun."""
    try:
        return Beat(*_words.unpack(path.read_bytes()))
    except (OSError, StructError):
        return None


def process_start(pid: int) -> int | None:
    """A process's start time in ticks; None where there is none."""
    stat = stat_of(pid)
    return stat.started if stat is not None else None
