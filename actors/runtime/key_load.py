"""A sample of the keys that a role is asked for, and how busy it is: told to the controller, which moves ranges and
parts shards by it.

Of every `STRIDE`th piece of work one key is kept, the last `KEYS_MAX` of them. Once a second while there is work, and
once more after it: an idle role is silent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from actors.common.ranges import KEYSPACE_BYTES

STRIDE = 16
KEYS_MAX = 256
"""The median of so many is off by 3 % of the load, with a probability of two thirds."""
KEY_BYTES_MAX = 64
"""A cut need not be longer than what tells keys apart."""
REPORT_S = 1.0

Tell = Callable[[float, float, list[bytes]], None]
"""Of the second that has passed: the share in which the event loop computed (0 to 1), pieces of work a second, and the
sample."""


class KeyLoad:
    """`computed_s`: for how long the event loop's thread has computed since it began; None: nobody is told."""

    def __init__(self, computed_s: Callable[[], float] | None, tell: Tell) -> None:
        self._computed_s = computed_s
        self._tell = tell
        self._done = 0
        self._keys: deque[bytes] = deque(maxlen=KEYS_MAX)
        self._timer: asyncio.TimerHandle | None = None
        self._last = (0.0, 0.0)

    @property
    def is_reporting(self) -> bool:
        """A report is due within a second."""
        return self._timer is not None

    def take(self, key: bytes, done: int) -> None:
        """One key of `done` pieces of work."""
        assert self._computed_s is not None
        self._done += done
        self._keys.append(key[KEYSPACE_BYTES : KEYSPACE_BYTES + KEY_BYTES_MAX])
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._last = (loop.time(), self._computed_s())
            self._timer = loop.call_later(REPORT_S, self._report)

    def _report(self) -> None:
        assert self._computed_s is not None
        loop = asyncio.get_running_loop()
        (then_s, before_s), now = self._last, (loop.time(), self._computed_s())
        self._last = now
        elapsed_s = max(now[0] - then_s, REPORT_S)
        done, self._done = self._done, 0
        self._tell(min(max((now[1] - before_s) / elapsed_s, 0.0), 1.0), done / elapsed_s, list(self._keys))
        self._timer = loop.call_later(REPORT_S, self._report) if done else None
        if not done:
            self._keys.clear()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
