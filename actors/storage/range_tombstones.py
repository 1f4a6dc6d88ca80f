"""Range tombstones: which key ranges were dropped, and when (DROP TABLE, TRUNCATE: one row of a write set however large
the table).

A tombstone (start, end, ts) hides from every read at `at >= ts` all versions of keys in [start, end) with a commit time
below `ts`. What the dropping transaction itself wrote into the range, at `ts`, stays visible.

Kept as disjoint fragments, each with the ascending times of the drops that cover it, so a lookup is one bisection:

    add(a, c, 5); add(b, d, 9)      [a, b): 5      [b, c): 5, 9      [c, d): 9
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

Tombstone = tuple[bytes, bytes, int]
"""(start, end, commit time)."""


class RangeTombstones:
    """Truthy where there are any. Adding one twice is harmless (a stream that resumes repeats)."""

    __slots__ = ("_drops", "_starts", "_times")

    def __init__(self, drops: list[Tombstone] | None = None) -> None:
        self._drops: dict[Tombstone, None] = {}
        self._starts: list[bytes] = [b""]
        """Where fragment i begins; it ends where the next one begins, the last one nowhere."""
        self._times: list[tuple[int, ...]] = [()]
        for start, end, commit_ts in drops or []:
            self.add(start, end, commit_ts)

    def __bool__(self) -> bool:
        return bool(self._drops)

    def __len__(self) -> int:
        return len(self._drops)

    def add(self, start: bytes, end: bytes, commit_ts: int) -> None:
        drop = (start, end, commit_ts)
        if start >= end or drop in self._drops:
            return
        self._drops[drop] = None
        low = self._cut(start)
        high = self._cut(end)
        for place in range(low, high):
            self._times[place] = tuple(sorted({*self._times[place], commit_ts}))

    def newest(self, key: bytes, at: int) -> int:
        """The time of the newest drop of `key` at or below `at`; 0 where there is none. Versions below it are
        hidden."""
        times = self._times[bisect_right(self._starts, key) - 1]
        return times[bisect_right(times, at) - 1] if times and times[0] <= at else 0

    def any_in(self, start: bytes, last: bytes, at: int) -> bool:
        """Whether some key in [start, last], both inclusive, is dropped at or below `at`."""
        low = bisect_right(self._starts, start) - 1
        high = bisect_right(self._starts, last)
        return any(times and times[0] <= at for times in self._times[low:high])

    def drops(self) -> list[Tombstone]:
        return list(self._drops)

    def without(self, settled_ts: int) -> RangeTombstones:
        """Those above `settled_ts`: the others have been applied to every version that there is."""
        return RangeTombstones([drop for drop in self._drops if drop[2] > settled_ts])

    def _cut(self, key: bytes) -> int:
        """Make a fragment begin at `key`; its number."""
        place = bisect_left(self._starts, key)
        if place == len(self._starts) or self._starts[place] != key:
            self._starts.insert(place, key)
            self._times.insert(place, self._times[place - 1])
        return place
