"""When a process looks for garbage: what a statement leaves behind goes by reference count, and only what holds itself
needs a look.

- Young objects are looked at often and few at a time: a look holds the interpreter for some milliseconds at most,
  whatever a statement makes of its million rows.
- All objects are looked at while the process has nothing to do. A look takes as long as there are objects, which is
  most while statements hold their rows.
- A process that is never idle looks all the same, once so much has gathered that the garbage in it may be large.
- What is there when the process has started (modules, code, types) is not looked at again.
"""

from __future__ import annotations

import asyncio
import gc
import time

YOUNG_OBJECTS = 5_000
"""New container objects, beyond those that went, between two looks at the youngest. Python's default of 700 is a look
every few statements that finds nothing."""
YOUNG_LOOKS = 5
"""Between two looks at those that survived one: 30,000 objects take some 4 ms."""
OLD_LOOKS_IDLE, OLD_LOOKS_BUSY = 10, 1_000
"""Looks at the survivors after which an idle process, or one that is never idle, looks at everything: 250,000 objects
are 20 MB or so."""
LOOK_S = 5.0
IDLE_SHARE = 0.02
"""A process that has computed for less of the time since the last look is idle."""


class GarbageWatch:
    """Of this process, on the running loop, until the process ends."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, YOUNG_LOOKS, OLD_LOOKS_BUSY)
        self._used = (time.monotonic(), time.process_time())
        self._wait()

    def _wait(self) -> None:
        asyncio.get_running_loop().call_later(LOOK_S, self._look)

    def _look(self) -> None:
        (then, cpu_then), now = self._used, (time.monotonic(), time.process_time())
        if is_due(gc.get_count()[2], now[0] - then, now[1] - cpu_then):
            gc.collect()
            now = (time.monotonic(), time.process_time())
        self._used = now
        self._wait()


def is_due(old_looks: int, elapsed_s: float, cpu_s: float) -> bool:
    """Whether everything is to be looked at, after so many looks at the survivors and so much CPU time in the time that
    has passed."""
    return old_looks >= OLD_LOOKS_IDLE and cpu_s < IDLE_SHARE * elapsed_s
