"""Rows of a write buffer (buffer.py) as write sets of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from actors.common import write_set
from actors.common.ranges import KEYSPACE_BYTES
from actors.query_processor.transaction.sealed import encode_rows


class PieceBuilder:
    """Gathers ascending rows into pieces."""

    def __init__(self) -> None:
        self._keys: list[bytes] = []
        self._values: list[bytes | None] = []
        self._bytes = 0

    def add(self, key: bytes, value: bytes | None) -> Iterator[bytes]:
        """A piece that is full without this row, if any."""
        size = len(key) + len(value or b"")
        if self._keys and (
            self._bytes + size > write_set.PIECE_BYTES_MAX or len(self._keys) >= write_set.PIECE_ROWS_MAX
        ):
            yield from self.flush()
        self._keys.append(key)
        self._values.append(value)
        self._bytes += size

    def flush(self) -> Iterator[bytes]:
        if self._keys:
            keys, values = self._keys, self._values
            self._keys, self._values, self._bytes = [], [], 0
            yield encode_rows(keys, values)


def space_of(key: bytes) -> bytes:
    return key[:KEYSPACE_BYTES]


def end_of_piece(keys: list[bytes], values: list[bytes | None], start: int) -> int:
    """Where a piece that begins with row `start` ends."""
    end = min(len(keys), start + write_set.PIECE_ROWS_MAX)
    size = 0
    for place in range(start, end):
        size += len(keys[place]) + len(values[place] or b"")
        if size > write_set.PIECE_BYTES_MAX and place > start:
            return place
    return end


def pieces_of(sizes: Any) -> Iterator[tuple[int, int]]:
    """[start, end) of each piece of rows of these sizes."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        end = int(np.searchsorted(ends, before + write_set.PIECE_BYTES_MAX, "right"))
        end = min(max(end, start + 1), start + write_set.PIECE_ROWS_MAX, len(sizes))
        yield start, end
        start = end


def encode_sorted(rows: list[tuple[bytes, bytes | None, int]]) -> bytes:
    rows.sort()
    return write_set.encode([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows])
