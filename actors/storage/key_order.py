"""The order of a memtable's keys: made in bounded pieces, and no more of it than somebody asks for.

New keys wait in `new`. Few of them go into a SortedList one by one when a scan comes; many are sorted into a run, at
the latest when `RUN_KEYS` wait, so that no caller ever sorts all keys at once. A run that begins where the last one
ends prolongs it (a load in the order of its keys makes a single run); others are merged by their like up to
`RUN_KEYS_MAX` (Python's sort merges sorted runs), and by a reader beyond it.

    order.new += keys; order.settle()        few: SortedList [.., ..]    runs: [.............], [.....], [..]
    order.window(start, end, False, 100)     the first hundred keys of [start, end) of all of them
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice

from sortedcontainers import SortedList

FEW_KEYS = 256
"""So many are inserted one by one, at 2 us each, rather than made a run."""
RUN_KEYS = 8192
"""New keys that wait at most: sorting them takes 4 ms where they come in no order."""
RUN_KEYS_MAX = 65_536
"""A run of unordered keys grows no further: merging two halves of one takes 4 ms."""


class KeyOrder:
    """See the module. A key is added once."""

    __slots__ = ("_few", "_runs", "new")

    def __init__(self) -> None:
        self.new: list[bytes] = []
        """Append to it; call `settle` where `RUN_KEYS` wait."""
        self._few: SortedList[bytes] = SortedList()
        self._runs: list[list[bytes]] = []

    def settle(self) -> None:
        """Give the new keys their places."""
        new = self.new
        if not new:
            return
        self.new = []
        if len(new) <= FEW_KEYS:
            for key in new:
                self._few.add(key)
            return
        new.sort()
        runs = self._runs
        if runs and runs[-1][-1] < new[0]:
            runs[-1] += new
            return
        while runs and len(runs[-1]) <= 2 * len(new) and len(runs[-1]) + len(new) <= RUN_KEYS_MAX:
            new = runs.pop() + new
            new.sort()
        runs.append(new)

    def window(self, start: bytes, end: bytes, reverse: bool, keys_max: int) -> list[bytes]:
        """The first `keys_max` keys of [start, end), ascending, or the last ones, descending, where `reverse`."""
        self.settle()
        sources: list[Iterable[bytes]] = []
        if self._few:
            sources.append(self._few.irange(start, end, (True, False), reverse))
        for run in self._runs:
            low, high = bisect_left(run, start), bisect_left(run, end)
            if low < high:
                sources.append(
                    run[max(low, high - keys_max) : high][::-1] if reverse else run[low : min(high, low + keys_max)]
                )
        return list(islice(sources[0] if len(sources) == 1 else merge(*sources, reverse=reverse), keys_max))

    def all(self) -> Iterator[bytes]:
        """Ascending; no key may be added meanwhile."""
        self.settle()
        if not self._few and len(self._runs) == 1:
            return iter(self._runs[0])
        return iter(merge(self._few, *self._runs))

    def release(self, keys: int) -> bool:
        """Let go of so many of each source; whether any is left."""
        few, runs = self._few, self._runs
        for _ in range(min(keys, len(few))):
            few.pop()
        for run in runs:
            del run[-keys:]
        self._runs = [run for run in runs if run]
        self.new = []
        return bool(few or self._runs)
