"""How busy an adjudicator is, and with which keys: told to the controller, which moves ranges by it
(cluster/range_balancing.py).

Of every `STRIDE`th transaction one key is kept, whatever the keys are, for one addition and one comparison a
transaction (runtime/key_load.py).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from actors.common.messages import RangeLoad
from actors.runtime.interfaces import Context
from actors.runtime.key_load import KEYS_MAX, STRIDE, KeyLoad


class ClaimLoad:
    """One adjudicator's, over all its reigns. `computed_s`: for how long the event loop's thread has computed since it
    began; None: nobody is told."""

    def __init__(self, context: Context, computed_s: Callable[[], float] | None) -> None:
        self._context = context
        self._is_told = computed_s is not None
        self._left = STRIDE
        self._load = KeyLoad(computed_s, self._tell)
        self._zones = context.settings.regions.zones
        self._writers: deque[str] = deque(maxlen=KEYS_MAX)
        """The regions of those whose keys were kept; the last ones are those of the sample."""

    def note(self, keys: Sequence[bytes], writer: str = "") -> None:
        """A transaction claims these keys. `writer`: the role that sends it; "" where that is not known here."""
        self._left -= 1
        if self._left <= 0 and keys:
            self._take(keys, writer)

    def _take(self, keys: Sequence[bytes], writer: str) -> None:
        done = STRIDE - self._left
        self._left = STRIDE
        if self._is_told:
            if self._zones:
                topology = self._context.bus.topology
                zone = topology.azs.get(writer, "") if topology is not None else ""
                self._writers.append(self._zones.get(zone, ""))
            self._load.take(keys[self._context.random.randrange(len(keys))], done)

    def _tell(self, busy: float, claims_s: float, sample: list[bytes]) -> None:
        writers = list(self._writers)[-len(sample) :] if self._zones and sample else []
        self._context.bus.post(self._context.name, "controller", RangeLoad(busy, claims_s, sample, writers))

    def stop(self) -> None:
        self._load.stop()
