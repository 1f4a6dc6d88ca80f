"""How busy a storage replica is, with which keys, and how much it holds: told to the controller, which parts and joins
shards by it (cluster/policies/shards.py).

Of every `STRIDE`th read one key is kept, the last `KEYS_MAX` of them: a sample of the load, for one subtraction and one
comparison a read. Once a second while it is read, once more after that, and after each
checkpoint: a replica that nobody uses is silent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from actors.common.messages import ShardLoad
from actors.common.ranges import KEYSPACE_BYTES
from actors.runtime.interfaces import Context

STRIDE = 16
KEYS_MAX = 256
KEY_BYTES_MAX = 64
"""A cut need not be longer than what tells keys apart."""
REPORT_S = 1.0


class ReadLoad:
    """`computed_s`: for how long the event loop's thread has computed since it began; None: nobody is told anything.
    `size_bytes`: of what the replica holds."""

    def __init__(self, context: Context, shard: int, computed_s: Callable[[], float] | None, size_bytes: Callable[[], int]) -> None:
        self._context = context
        self._shard = shard
        self._computed_s = computed_s
        self._size_bytes = size_bytes
        self._left = STRIDE
        self._reads = 0
        self._keys: deque[bytes] = deque(maxlen=KEYS_MAX)
        self._timer: asyncio.TimerHandle | None = None
        self._last = (0.0, 0.0)

    def note(self, key: bytes) -> None:
        """A read has begun with this key."""
        self._left -= 1
        if self._left <= 0:
            self._take(key)

    def _take(self, key: bytes) -> None:
        self._left = STRIDE
        if self._computed_s is None:
            return
        self._reads += STRIDE
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
        reads, self._reads = self._reads, 0
        self._tell(min(max((now[1] - before_s) / max(now[0] - then_s, REPORT_S), 0.0), 1.0), list(self._keys))
        self._timer = loop.call_later(REPORT_S, self._report) if reads else None
        if not reads:
            self._keys.clear()

    def grown(self) -> None:
        """A checkpoint has been made. What is read tells the same once a second."""
        if self._computed_s is not None and self._timer is None:
            self._tell(0.0, [])

    def _tell(self, busy: float, sample: list[bytes]) -> None:
        self._context.bus.post(self._context.name, "controller", ShardLoad(self._shard, self._size_bytes(), busy, sample))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
