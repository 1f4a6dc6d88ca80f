"""How busy a storage replica is, with which keys, and how much it holds: told to the controller, which parts and joins
shards by it (cluster/policies/shards.py).

Of every `STRIDE`th read one key is kept, for one subtraction and one comparison a read (runtime/key_load.py). It is
told after each checkpoint, too: a replica that nobody uses is silent.
"""

from __future__ import annotations

from collections.abc import Callable

from actors.common.messages import ShardLoad
from actors.runtime.interfaces import Context
from actors.runtime.key_load import STRIDE, KeyLoad


class ReadLoad:
    """`computed_s`: for how long the event loop's thread has computed since it began; None: nobody is told anything.
    `size_bytes`: of what the replica holds."""

    def __init__(
        self, context: Context, shard: int, computed_s: Callable[[], float] | None, size_bytes: Callable[[], int]
    ) -> None:
        self._context = context
        self._shard = shard
        self._is_told = computed_s is not None
        self._size_bytes = size_bytes
        self._left = STRIDE
        self._load = KeyLoad(computed_s, lambda busy, _, sample: self._tell(busy, sample))

    def note(self, key: bytes) -> None:
        """A read has begun with this key."""
        self._left -= 1
        if self._left <= 0:
            self._left = STRIDE
            if self._is_told:
                self._load.take(key, STRIDE)

    def grown(self) -> None:
        """A checkpoint has been made. What is read tells the same once a second."""
        if self._is_told and not self._load.is_reporting:
            self._tell(0.0, [])

    def _tell(self, busy: float, sample: list[bytes]) -> None:
        self._context.bus.post(
            self._context.name, "controller", ShardLoad(self._shard, self._size_bytes(), busy, sample)
        )

    def stop(self) -> None:
        self._load.stop()
