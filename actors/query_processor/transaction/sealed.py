"""Sealed rows: the part of a large transaction's writes that is encoded already, to be sent as it is. Immutable but for
growing at its end.

A bulk load writes ascending keys, millions of them. As Python objects in a dictionary a row costs some 200 bytes more
than its own; so what ascends is encoded early (`WriteBuffer` says when), into the pieces in which it will be sent, and
looked up there by bisection.

    run = SealedRun(); run.append(encode_rows([k1, k2], [v1, None]))     k1 < k2, all above what is there
    run.get(k1) -> v1      run.get(k2) -> None (deleted)    run.get(k3) -> ABSENT
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from actors.common import small_write_set, write_set
from actors.common.ranges import KEYSPACE_BYTES


class Absent:
    """The type of ABSENT: nothing is said about the key."""


ABSENT = Absent()


def encode_rows(keys: list[bytes], values: list[bytes | None]) -> bytes:
    """Rows that are put or (None) deleted as a write set."""
    kinds = [write_set.DELETE if value is None else write_set.PUT for value in values]
    encode = small_write_set.encode if 0 < len(keys) <= small_write_set.ROWS_MAX else write_set.encode
    return encode(keys, values, kinds)


class SealedPiece:
    """One encoded write set, and views into it."""

    __slots__ = ("_keys", "_keys_at", "_present", "_values", "_values_at", "first", "last", "payload", "rows")

    def __init__(self, payload: bytes) -> None:
        """`payload`: of at least one row."""
        self.payload = payload
        batch = write_set.decode(payload)
        self.rows = batch.num_rows
        _, keys_at, key_data = batch.column(0).buffers()
        present, values_at, value_data = batch.column(1).buffers()
        self._keys_at = memoryview(keys_at).cast("i")
        self._keys = memoryview(key_data)
        self._present = memoryview(present) if present is not None else None
        self._values_at = memoryview(values_at).cast("i")
        self._values = memoryview(value_data) if value_data is not None else memoryview(b"")
        self.first = self.key(0)
        self.last = self.key(self.rows - 1)

    def key(self, row: int) -> bytes:
        return bytes(self._keys[self._keys_at[row] : self._keys_at[row + 1]])

    def value(self, row: int) -> bytes | None:
        present = self._present
        if present is not None and not present[row >> 3] >> (row & 7) & 1:
            return None
        return bytes(self._values[self._values_at[row] : self._values_at[row + 1]])

    def find(self, key: bytes) -> int:
        """The first row at or above `key`."""
        low, high = 0, self.rows
        while low < high:
            middle = (low + high) >> 1
            if self.key(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def items(self, low: int = 0, high: int | None = None) -> Iterator[tuple[bytes, bytes | None]]:
        for row in range(low, self.rows if high is None else high):
            yield self.key(row), self.value(row)


class SealedRun:
    """Ascending pieces of one keyspace."""

    __slots__ = ("_firsts", "pieces", "rows")

    def __init__(self) -> None:
        self._firsts: list[bytes] = []
        self.pieces: list[SealedPiece] = []
        self.rows = 0

    @property
    def last(self) -> bytes:
        return self.pieces[-1].last if self.pieces else b""

    def append(self, payload: bytes) -> None:
        """A write set whose rows are above all that are there."""
        piece = SealedPiece(payload)
        assert piece.first > self.last
        self._firsts.append(piece.first)
        self.pieces.append(piece)
        self.rows += piece.rows

    def frozen(self) -> SealedRun:
        """The run as it is now; pieces do not change."""
        copy = SealedRun()
        copy._firsts, copy.pieces, copy.rows = list(self._firsts), list(self.pieces), self.rows
        return copy

    def get(self, key: bytes) -> bytes | Absent | None:
        place = bisect_right(self._firsts, key) - 1
        if place < 0 or key > self.pieces[place].last:
            return ABSENT
        piece = self.pieces[place]
        row = piece.find(key)
        return piece.value(row) if piece.key(row) == key else ABSENT

    def items(self, start: bytes, end: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows in [start, end)."""
        for piece in self.pieces[max(0, bisect_right(self._firsts, start) - 1) : bisect_left(self._firsts, end)]:
            yield from piece.items(piece.find(start), piece.find(end))

    def without(self, start: bytes, end: bytes) -> SealedRun:
        """A run less the rows in [start, end)."""
        rest = SealedRun()
        for piece in self.pieces:
            if piece.last < start or piece.first >= end:
                kept: Sequence[tuple[bytes, bytes | None]] = list(piece.items())
            else:
                kept = [*piece.items(0, piece.find(start)), *piece.items(piece.find(end))]
            if kept:
                rest.append(encode_rows([key for key, _ in kept], [value for _, value in kept]))
        return rest


class Written(Mapping[bytes, Any]):
    """What a transaction has written: a dictionary over sealed runs. Reads as one dictionary from key to value (None:
    deleted)."""

    __slots__ = ("recent", "runs")

    def __init__(self, recent: dict[bytes, bytes | None], runs: dict[bytes, SealedRun]) -> None:
        self.recent = recent
        """Counts more than the runs."""
        self.runs = runs
        """By keyspace."""

    def _sealed(self, key: bytes) -> bytes | Absent | None:
        run = self.runs.get(key[:KEYSPACE_BYTES])
        return run.get(key) if run is not None else ABSENT

    def __contains__(self, key: object) -> bool:
        assert isinstance(key, bytes)
        return key in self.recent or self._sealed(key) is not ABSENT

    def __getitem__(self, key: bytes) -> bytes | None:
        if key in self.recent:
            return self.recent[key]
        value = self._sealed(key)
        if isinstance(value, Absent):
            raise KeyError(key)
        return value

    def __len__(self) -> int:
        """A key that was written again after it was sealed counts twice."""
        return len(self.recent) + sum(run.rows for run in self.runs.values())

    def __iter__(self) -> Iterator[bytes]:
        yield from self.recent
        for run in self.runs.values():
            for piece in run.pieces:
                yield from (key for key, _ in piece.items() if key not in self.recent)
