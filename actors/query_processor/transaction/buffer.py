"""`WriteBuffer`: what a transaction has written and not committed yet.

A dictionary for point reads, and a list of its keys that is sorted only when a scan or the commit wants order: keys come mostly in runs that
are ascending already, which sorting merges in linear time, and small transactions never pay for a tree.

    put(k, v); get(k) -> v          delete(k); get(k) -> DELETED          get(other) -> ABSENT

A dropped range (DROP_RANGE) hides what was committed before; own writes inside it made before the drop are forgotten here, and nothing is
written into it afterwards (truncation and rewrites give indexes new keyspaces).
"""

from __future__ import annotations

from bisect import bisect_left

from actors.common import small_write_set, write_set


class Absent:
    """The type of ABSENT: the buffer says nothing about the key."""


ABSENT = Absent()


class WriteBuffer:
    __slots__ = ("_dropped", "_sorted", "_unsorted", "bytes", "rows", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, bytes | None] = {}
        """Key -> encoded row, None where it is deleted."""
        self._sorted: list[bytes] = []
        self._unsorted: list[bytes] = []
        self._dropped: list[tuple[bytes, bytes]] = []
        self.bytes = 0
        """Of all keys and values."""
        self.rows = 0
        """Distinct keys put or deleted with `counts`."""

    def __bool__(self) -> bool:
        return bool(self.values) or bool(self._dropped)

    def __len__(self) -> int:
        return len(self.values)

    def write(self, key: bytes, value: bytes | None, counts: bool) -> None:
        """Put (or, with None, delete) one key."""
        values = self.values
        size = len(value) if value is not None else 0
        if key in values:
            before = values[key]
            self.bytes += size - (len(before) if before is not None else 0)
        else:
            self._unsorted.append(key)
            self.bytes += len(key) + size
            if counts:
                self.rows += 1
        values[key] = value

    def drop_range(self, start: bytes, end: bytes) -> None:
        """Hide every committed key in [start, end), forget own writes in it."""
        for key in [key for key in self.values if start <= key < end]:
            value = self.values.pop(key)
            self.bytes -= len(key) + (len(value) if value is not None else 0)
        self._sorted = sorted(self.values)
        self._unsorted = []
        self._dropped.append((start, end))

    def _sort(self) -> list[bytes]:
        if self._unsorted:
            self._sorted += self._unsorted
            self._sorted.sort()
            self._unsorted = []
        return self._sorted

    def range(self, start: bytes, end: bytes) -> list[bytes]:
        """The written keys in [start, end), ascending."""
        keys = self._sort()
        return keys[bisect_left(keys, start) : bisect_left(keys, end)]

    def touches(self, start: bytes, end: bytes) -> bool:
        """Whether any key in [start, end) was written."""
        if not self.values:
            return False
        keys = self._sort()
        place = bisect_left(keys, start)
        return place < len(keys) and keys[place] < end

    def keys(self) -> list[bytes]:
        """Every key that the write set names, ascending, dropped ranges by their start."""
        keys = self._sort()
        return sorted([*keys, *(start for start, _ in self._dropped)]) if self._dropped else keys

    def encode(self) -> bytes:
        """The write set (write_set.py); nothing at all where nothing was written."""
        if not self:
            return b""
        keys = self._sort()
        values = self.values
        if not self._dropped:
            ordered = [values[key] for key in keys]
            kinds = [write_set.DELETE if value is None else write_set.PUT for value in ordered]
            if 0 < len(keys) <= small_write_set.ROWS_MAX:
                return small_write_set.encode(keys, ordered, kinds)
            return write_set.encode(keys, ordered, kinds)
        rows = [(key, values[key], write_set.DELETE if values[key] is None else write_set.PUT) for key in keys]
        rows += [(start, end, write_set.DROP_RANGE) for start, end in self._dropped]
        rows.sort()
        return write_set.encode([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])
