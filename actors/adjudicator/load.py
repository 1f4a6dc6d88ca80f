"""How busy an adjudicator is, and with which keys: told to the controller, which moves ranges by it
(cluster/range_balancing.py).

Of every `STRIDE`th transaction one key is kept, whatever the keys are, for one addition and one comparison a
transaction (runtime/key_load.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actors.common.messages import RangeLoad
from actors.runtime.interfaces import Context
from actors.runtime.key_load import STRIDE, KeyLoad


class ClaimLoad:
    """One adjudicator's, over all its reigns. `computed_s`: for how long the event loop's thread has computed since it
    began; None: nobody is told."""

    def __init__(self, context: Context, computed_s: Callable[[], float] | None) -> None:
        self._context = context
        self._is_told = computed_s is not None
        self._left = STRIDE
        self._load = KeyLoad(computed_s, self._tell)

    def note(self, keys: Sequence[bytes]) -> None:
        """A transaction claims these keys."""
        self._left -= 1
        if self._left <= 0 and keys:
            self._take(keys)

    def _take(self, keys: Sequence[bytes]) -> None:
        done = STRIDE - self._left
        self._left = STRIDE
        if self._is_told:
            self._load.take(keys[self._context.random.randrange(len(keys))], done)

    def _tell(self, busy: float, claims_s: float, sample: list[bytes]) -> None:
        self._context.bus.post(self._context.name, "controller", RangeLoad(busy, claims_s, sample))

    def stop(self) -> None:
        self._load.stop()
