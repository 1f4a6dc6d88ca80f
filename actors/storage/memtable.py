"""The memtable: recent versions, by key, in memory.

What it promises: `find(key, at)` is the newest version at or below `at`; applying the same write set again changes
nothing (a stream that resumes repeats what lay above its watermark); applying costs well under a microsecond a row for
large write sets.

Shape. A dict from key to its versions: one version is a plain tuple (commit_ts, value), several are a list of them,
oldest first (appending is the common case, and the newest version, the last, is what nearly every read wants). A
deleted key has a version whose value is None. The keys' order is made apart from them, as far as a scan asks for it
(key_order.py).

    apply(encode([k1, k2], [v1, None], [PUT, DELETE]), 10)     {k1: (10, v1), k2: (10, None)}
    apply(encode([k1], [v2], [PUT]), 11)                       {k1: [(10, v1), (11, v2)], k2: (10, None)}

Left out: dropping versions. A memtable lives until its checkpoint, and what nobody can read any more is dropped on the
way to the segment.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import repeat

from actors.common import write_set
from actors.common.small_write_set import columns
from actors.storage.key_order import RUN_KEYS, KeyOrder
from actors.storage.range_tombstones import RangeTombstones

Version = tuple[int, bytes | None]
"""(commit time, encoded row; None: deleted)."""
Versions = Version | list[Version]

ROW_OVERHEAD_BYTES = 200
"""What a version costs beyond its bytes: dict entry, tuple, int, two bytes headers, place in the key order (measured
190 to 230)."""
BULK_ROWS = 32
"""From so many rows on, a write set of new keys is taken over by dict operations instead of row by row."""


def newest(versions: Versions, at: int) -> Version | None:
    """The newest of a key's versions at or below `at`."""
    if versions.__class__ is tuple:
        return versions if versions[0] <= at else None
    last: Version = versions[-1]  # type: ignore[assignment]
    if last[0] <= at:
        return last
    place = bisect_left(versions, (at + 1,))  # type: ignore[type-var]
    return versions[place - 1] if place else None  # type: ignore[return-value]


class Memtable:
    """See the module. `bytes` is an estimate of the memory used."""

    __slots__ = ("_order", "bytes", "rows", "tombstones", "versions")

    def __init__(self, tombstones: RangeTombstones) -> None:
        """`tombstones`: the store's, where dropped ranges go."""
        self.versions: dict[bytes, Versions] = {}
        self.tombstones = tombstones
        self.bytes = 0
        self.rows = 0
        """Applied rows, not keys; dropped ranges count."""
        self._order = KeyOrder()

    def __bool__(self) -> bool:
        return self.rows > 0

    def apply(self, payload: bytes, commit_ts: int) -> None:
        """One transaction's rows (an encoded write set) with its commit time. Per key, times arrive ascending or are
        repeated."""
        keys, values, kinds = columns(payload)
        self.bytes += len(payload) + ROW_OVERHEAD_BYTES * len(keys)
        self.rows += len(keys)
        if write_set.DROP_RANGE in kinds:
            for key, value, kind in zip(keys, values, kinds, strict=True):
                if kind == write_set.DROP_RANGE:
                    assert value is not None, "a dropped range has an end"
                    self.tombstones.add(key, value, commit_ts)
                else:
                    self._add([key], [value], commit_ts)
            return
        versions = self.versions
        if len(keys) >= BULK_ROWS and versions.keys().isdisjoint(keys):
            versions.update(zip(keys, zip(repeat(commit_ts), values)))  # noqa: B905 (repeat is endless)
            self._order.new += keys
        else:
            self._add(keys, values, commit_ts)
        if len(self._order.new) >= RUN_KEYS:
            self._order.settle()

    def _add(self, keys: list[bytes], values: list[bytes | None], commit_ts: int) -> None:
        versions, new = self.versions, self._order.new
        for key, value in zip(keys, values):  # noqa: B905 (equal by construction; strict costs on the hot path)
            known = versions.get(key)
            if known is None:
                versions[key] = (commit_ts, value)
                new.append(key)
            elif known.__class__ is tuple:
                if known[0] < commit_ts:
                    versions[key] = [known, (commit_ts, value)]
                else:
                    assert known[0] == commit_ts, "a key's commit times ascend"
            elif known[-1][0] < commit_ts:  # type: ignore[index]
                known.append((commit_ts, value))  # type: ignore[union-attr]
            else:
                assert any(version[0] == commit_ts for version in known), "a key's commit times ascend"  # type: ignore[index]

    def find(self, key: bytes, at: int) -> Version | None:
        versions = self.versions.get(key)
        return None if versions is None else newest(versions, at)

    def window(self, start: bytes, end: bytes, reverse: bool, rows_max: int) -> list[bytes]:
        """The first `rows_max` keys of [start, end), in order, or the last ones in descending order where `reverse`."""
        return self._order.window(start, end, reverse, rows_max)

    def all_keys(self) -> Iterator[bytes]:
        """Ascending; the memtable must not change meanwhile."""
        return self._order.all()

    def release(self, rows: int) -> bool:
        """Let go of some of what it holds, once nobody reads it any more; whether anything is left."""
        versions = self.versions
        for _ in range(min(rows, len(versions))):
            versions.popitem()
        return self._order.release(rows) or bool(versions)
