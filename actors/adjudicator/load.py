"""How busy an adjudicator is, and with which keys: told to the controller, which moves ranges by it (cluster/balancing.py).

Of every `STRIDE`th transaction one key is kept, the last `KEYS_MAX` of them: that is a sample of the load, whatever the keys are, for
one addition and one comparison a transaction. Once a second while there is load, and once more after it: an idle adjudicator is silent.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from actors.common.messages import RangeLoad
from actors.common.ranges import KEYSPACE_BYTES
from actors.runtime.interfaces import Context

STRIDE = 16
KEYS_MAX = 256
"""The median of so many is off by 3 % of the load, with a probability of two thirds."""
KEY_BYTES_MAX = 64
"""A cut need not be longer than what tells keys apart."""
REPORT_S = 1.0


class ClaimLoad:
    """One adjudicator's, over all its reigns. `computed_s`: for how long the event loop's thread has computed since it began; None: nobody is told."""

    def __init__(self, context: Context, computed_s: Callable[[], float] | None) -> None:
        self._context = context
        self._computed_s = computed_s
        self._left = STRIDE
        self._claims = 0
        self._keys: deque[bytes] = deque(maxlen=KEYS_MAX)
        self._timer: asyncio.TimerHandle | None = None
        self._last = (0.0, 0.0)

    def note(self, keys: Sequence[bytes]) -> None:
        """A transaction claims these keys."""
        self._left -= 1
        if self._left <= 0 and keys:
            self._take(keys)

    def _take(self, keys: Sequence[bytes]) -> None:
        self._claims += STRIDE - self._left
        self._left = STRIDE
        if self._computed_s is None:
            return
        key = keys[self._context.random.randrange(len(keys))]
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
        claims, self._claims = self._claims, 0
        busy = min(max((now[1] - before_s) / elapsed_s, 0.0), 1.0)
        self._context.bus.post(self._context.name, "controller", RangeLoad(busy, claims / elapsed_s, list(self._keys)))
        self._timer = loop.call_later(REPORT_S, self._report) if claims else None
        if not claims:
            self._keys.clear()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
