"""`WriteBuffer`: what a transaction has written and not committed yet.

A dictionary for point reads, and lists of its keys that are sorted when a scan or the commit wants order, or SORT_ROWS
have come: keys come mostly in runs that are ascending already, which sorting merges in linear time, and small
transactions never pay for a tree.

    put(k, v); values[k] -> v           delete(k); values[k] -> None          other in values -> False

A large transaction is bounded work at every moment: no sort, copy or encoding is of more than SORT_ROWS rows. Keys that
ascend beyond all of their keyspace are sealed (sealed.py) as they come, a batch of them (`append`) without a Python
object for each; the others stay in the dictionary, and are
merged with the sealed ones piece by piece at the commit.

While there are savepoints (`record`), the buffer notes what each write has replaced, and seals nothing: `undo_to(mark)`
takes back all writes since `mark()`.

A dropped range (DROP_RANGE) hides what was committed before; own writes inside it made before the drop are forgotten
here, and nothing is written into it afterwards (truncation and rewrites give indexes new keyspaces). Many of them are
forgotten in turns of the loop (`finish_drops`), before the statement that drops ends.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from actors.common import write_set
from actors.common.ranges import KEYSPACE_BYTES
from actors.query_processor.transaction.ordered_keys import OrderedKeys, ordered_keys
from actors.query_processor.transaction.pieces import PieceBuilder, encode_sorted, end_of_piece, pieces_of, space_of
from actors.query_processor.transaction.sealed import ABSENT, Absent, SealedRun, Written, encode_rows
from actors.runtime.fiber import turn

TABLE_BYTES = 4
SORT_ROWS = 16_384
"""Sorted, and sealed where they ascend, in one go: some ten milliseconds."""


UNDO_ROWS = 16_384
"""Taken back in one go."""
FEW_KEYS = 64
"""So many are taken out of the lists one by one; the lists are gone through for more."""


class BufferMark(NamedTuple):
    """A state of the buffer that it can return to: how many writes it had noted, and what it counted then."""

    noted: int
    bytes: int
    padding: int
    rows: int


UNWRITTEN = BufferMark(0, 0, 0, 0)
"""Of a buffer that has recorded from its beginning."""


class _Drop(NamedTuple):
    """Noted for a dropped range: the own writes that were forgotten, in pieces with ascending keys, and all runs
    before."""

    forgotten: list[dict[bytes, bytes | None]]
    runs: dict[bytes, SealedRun]


class WriteBuffer:
    __slots__ = (
        "_chunks",
        "_dropped",
        "_least",
        "_leaving",
        "_recent",
        "_runs",
        "_undo",
        "_unsorted",
        "bytes",
        "padding",
        "rows",
        "values",
    )

    def __init__(self, row_bytes_min: int = 0) -> None:
        """`row_bytes_min`: what a row counts as at least (settings.Metering)."""
        self._least = row_bytes_min
        self._recent: dict[bytes, bytes | None] = {}
        self._runs: dict[bytes, SealedRun] = {}
        self.values: Mapping[bytes, bytes | None] = self._recent
        """Key -> encoded row, None where it is deleted. Another object once rows have been sealed: not to be kept
        across writes."""
        self._chunks: list[list[bytes]] = []
        """Keys of `_recent`, each list sorted."""
        self._unsorted: list[bytes] = []
        self._dropped: list[tuple[bytes, bytes]] = []
        self._leaving: list[tuple[bytes, bytes, _Drop]] = []
        """Dropped ranges with own writes that are yet to be forgotten (`finish_drops`)."""
        self._undo: list[tuple[bytes, bytes | Absent | None] | _Drop] | None = None
        """What each write has replaced in `_recent` (ABSENT: nothing), the newest last; None while there is no
        savepoint."""
        self.bytes = 0
        """Of all keys and values. What is written again after it was sealed counts twice."""
        self.padding = 0
        """What rows lack that are shorter than the least that one counts as."""
        self.rows = 0
        """Distinct keys put or deleted with `counts`, likewise."""

    def __bool__(self) -> bool:
        return bool(self._recent) or bool(self._dropped) or bool(self._runs)

    def __len__(self) -> int:
        return len(self.values)

    def write(self, key: bytes, value: bytes | None, counts: bool) -> None:
        """Put (or, with None, delete) one key."""
        values = self._recent
        size = len(value) if value is not None else 0
        if key in values:
            before = values[key]
            if self._undo is not None:
                self._undo.append((key, before))
            self.bytes += size - (len(before) if before is not None else 0)
            self.padding += self._lacks(key, value) - self._lacks(key, before)
            values[key] = value
            return
        if self._undo is not None:
            self._undo.append((key, ABSENT))
        values[key] = value
        self._unsorted.append(key)
        size += len(key)
        self.bytes += size
        if size < self._least:
            self.padding += self._least - size
        if counts:
            self.rows += 1
        if len(self._unsorted) >= SORT_ROWS:
            if self._undo is None:
                self._seal()
            else:
                self._sort()

    def append(self, keys: pa.Array, values: pa.Array, counts: bool) -> bool:
        """Put rows of one keyspace whose keys ascend, at least one. False where they do not lie above all that is
        written in the keyspace, or there are savepoints: they have to be put one by one."""
        first, last = keys[0].as_py(), keys[-1].as_py()
        space = first[:KEYSPACE_BYTES]
        run = self._runs.get(space)
        if self._undo is not None or (run is not None and run.last >= first):
            return False
        if self._recent and any(
            chunk[-1] >= first and chunk[bisect_left(chunk, first)] <= last for chunk in self._sort()
        ):
            return False
        if run is None:
            run = self._runs[space] = SealedRun()
        sizes = pc.add(pc.binary_length(keys), pc.binary_length(values)).to_numpy().astype(np.int64)
        for start, end in pieces_of(sizes):
            run.append(write_set.encode_puts(keys.slice(start, end - start), values.slice(start, end - start)))
        self.values = Written(self._recent, self._runs)
        self.bytes += int(sizes.sum())
        self.padding += int(np.maximum(self._least - sizes, 0).sum())
        if counts:
            self.rows += len(keys)
        return True

    def _lacks(self, key: bytes, value: bytes | None) -> int:
        return max(self._least - len(key) - len(value or b""), 0)

    def drop_range(self, start: bytes, end: bytes) -> None:
        """Hide every committed key in [start, end), forget own writes in it: those that are more than a few, in
        `finish_drops`."""
        note = _Drop([], dict(self._runs))
        if self._undo is not None:
            self._undo.append(note)
        for space, run in list(self._runs.items()):
            if start <= space and run.last < end:
                del self._runs[space]
            elif next(run.items(start, end), None) is not None:
                self._runs[space] = run.without(start, end)
        self._dropped.append((start, end))
        if self._forget_some(start, end, note.forgotten):
            self._leaving.append((start, end, note))

    async def finish_drops(self) -> None:
        """To be awaited before anything else is done with a buffer in which a range was dropped; in turns of the
        loop."""
        while self._leaving:
            start, end, note = self._leaving[-1]
            await turn()
            if not self._forget_some(start, end, note.forgotten):
                self._leaving.pop()

    async def forget(self, start: bytes, end: bytes) -> None:
        """Own writes in [start, end) have never been, in turns of the loop. Where nothing is sealed, and after
        `settle`."""
        while self._forget_some(start, end, []):
            await turn()

    def _forget_some(self, start: bytes, end: bytes, forgotten: list[dict[bytes, bytes | None]]) -> bool:
        """Take out of the lists at most UNDO_ROWS or so keys in [start, end). Whether there are more."""
        left, more = UNDO_ROWS, False
        for chunk in self._sort():
            low, high = bisect_left(chunk, start), bisect_left(chunk, end)
            if low < high:
                if not left:
                    more = True
                    break
                first = max(low, high - left)
                forgotten.append(self._taken_out(chunk, first, high))
                left -= high - first
                more |= first > low
        self._chunks = [chunk for chunk in self._chunks if chunk]
        return more

    def _taken_out(self, chunk: list[bytes], low: int, high: int) -> dict[bytes, bytes | None]:
        """The keys [low, high) of a sorted list, which are own writes no more, and what they were."""
        keys = chunk[low:high]
        del chunk[low:high]
        values = list(map(self._recent.pop, keys))
        self.bytes -= sum(map(len, keys)) + sum(map(len, filter(None, values)))
        taken = dict(zip(keys, values, strict=True))
        if self._least:
            self.padding -= sum(self._lacks(key, value) for key, value in taken.items())
        return taken

    def frozen(self) -> WriteBuffer:
        """What is written now, to be read while more is written here."""
        copy = WriteBuffer(self._least)
        copy._recent = dict(self._recent)
        copy._chunks = [list(chunk) for chunk in self._sort()]
        copy._runs = {space: run.frozen() for space, run in self._runs.items()}
        copy._dropped = list(self._dropped)
        copy.values = Written(copy._recent, copy._runs) if copy._runs else copy._recent
        return copy

    # -- savepoints ----------------------------------------------------------------------------------------------------

    def record(self, on: bool) -> None:
        """Note from now on what writes replace; or no more, where nothing will be taken back."""
        if not on:
            self._undo = None
        elif self._undo is None:
            self._undo = []

    @property
    def recording(self) -> bool:
        return self._undo is not None

    def mark(self) -> BufferMark:
        """Where `undo_to` can return to. Only while recording."""
        assert self._undo is not None
        return BufferMark(len(self._undo), self.bytes, self.padding, self.rows)

    async def settle(self) -> None:
        """Nothing that was written will be taken back, or sent to anybody (session/temporary.py): `mark` begins anew,
        what is deleted or dropped is as if it had never been. Only while recording; in turns of the loop."""
        undo = self._undo
        assert undo is not None
        recent = self._recent
        self._sort()
        while undo:
            slice_ = undo[-UNDO_ROWS:]
            keys = {note[0] for note in slice_ if not isinstance(note, _Drop)}
            gone = {key for key in keys if recent.get(key, b"") is None}
            for key in gone:
                del recent[key]
                self.bytes -= len(key)
            self._strike(gone)
            del undo[-UNDO_ROWS:]
            if undo:
                await turn()
        self._dropped.clear()
        self.padding = self.rows = 0

    async def undo_to(self, mark: BufferMark) -> None:
        """Take back what was written since `mark`, in turns of the loop. Where that is given up half-way, it is to be
        called again."""
        undo = self._undo
        assert undo is not None
        while len(undo) > mark.noted:
            note = undo[-1]
            if isinstance(note, _Drop):
                await self._bring_back(note)
                self._dropped.pop()
                undo.pop()
                continue
            start = len(undo)
            while start > max(mark.noted, len(undo) - UNDO_ROWS) and not isinstance(undo[start - 1], _Drop):
                start -= 1
            self._take_back(undo[start:])
            del undo[start:]
            if start > mark.noted:
                await turn()
        _, self.bytes, self.padding, self.rows = mark

    async def _bring_back(self, note: _Drop) -> None:
        self._leaving = [leaving for leaving in self._leaving if leaving[2] is not note]
        self._sort()
        self._runs.clear()
        self._runs.update(note.runs)
        while note.forgotten:
            piece = note.forgotten.pop()
            self._recent.update(piece)
            self._chunks.insert(0, list(piece))  # what was written last stays last
            if note.forgotten:
                await turn()

    def _take_back(self, noted: list[tuple[bytes, bytes | Absent | None] | _Drop]) -> None:
        """Single writes."""
        recent = self._recent
        self._sort()
        gone: set[bytes] = set()
        for note in reversed(noted):
            assert not isinstance(note, _Drop)
            key, before = note
            if isinstance(before, Absent):
                del recent[key]
                gone.add(key)
            else:
                recent[key] = before
        self._strike(gone)

    def _strike(self, gone: set[bytes]) -> None:
        """Take keys out of the sorted lists: of the last ones first, which have what was written last."""
        if len(gone) <= FEW_KEYS:
            for key in gone:
                self._forget(key)
        else:
            first, last, left = min(gone), max(gone), len(gone)
            for place in reversed(range(len(self._chunks))):
                chunk = self._chunks[place]
                if left and chunk[0] <= last and first <= chunk[-1]:
                    self._chunks[place] = kept = [key for key in chunk if key not in gone]
                    left -= len(chunk) - len(kept)
        self._chunks = [chunk for chunk in self._chunks if chunk]

    def _forget(self, key: bytes) -> None:
        """Take a key out of the sorted lists."""
        for chunk in self._chunks:
            place = bisect_left(chunk, key)
            if place < len(chunk) and chunk[place] == key:
                del chunk[place]
                return

    # -- order ---------------------------------------------------------------------------------------------------------

    def _sort(self) -> list[list[bytes]]:
        """The dictionary's keys, as few sorted lists."""
        if self._unsorted:
            chunk, self._unsorted = sorted(self._unsorted), []
            if self._chunks and len(self._chunks[-1]) + len(chunk) <= SORT_ROWS:
                chunk = sorted([*self._chunks.pop(), *chunk])
            self._chunks.append(chunk)
        return self._chunks

    def _seal(self) -> None:
        """Sort what has come lately; encode those keys that lie above all that are sealed of their keyspace."""
        keys, self._unsorted = sorted(self._unsorted), []
        left: list[bytes] = []
        start = 0
        while start < len(keys):
            space = keys[start][:KEYSPACE_BYTES]
            end = bisect_right(keys, space, start, key=space_of)
            run = self._runs.get(space)
            if run is None:
                run = self._runs[space] = SealedRun()
            if run.last < keys[start]:
                self._seal_rows(run, keys[start:end])
            else:
                left += keys[start:end]
            start = end
        if left:
            self._chunks.append(left)
        self.values = Written(self._recent, self._runs)

    def _seal_rows(self, run: SealedRun, keys: list[bytes]) -> None:
        recent = self._recent
        values = [recent.pop(key) for key in keys]
        start = 0
        while start < len(keys):
            end = end_of_piece(keys, values, start)
            run.append(encode_rows(keys[start:end], values[start:end]))
            start = end

    def range(self, start: bytes, end: bytes) -> list[bytes]:
        """The written keys in [start, end), ascending."""
        return [*chain.from_iterable(self.ordered(start, end).pieces)]

    def ordered(self, start: bytes, end: bytes, reverse: bool = False) -> OrderedKeys:
        """The keys in [start, end) that are written now."""
        parts = [chunk[bisect_left(chunk, start) : bisect_left(chunk, end)] for chunk in self._sort()]
        runs = [run.frozen() for space, run in self._runs.items() if start < run.last + b"\0" and space < end]
        return ordered_keys([part for part in parts if part], runs, start, end, reverse)

    def touches(self, start: bytes, end: bytes) -> bool:
        """Whether any key in [start, end) was written."""
        for chunk in self._sort():
            place = bisect_left(chunk, start)
            if place < len(chunk) and chunk[place] < end:
                return True
        return any(next(run.items(start, end), None) is not None for run in self._runs.values())

    def tables(self) -> set[int]:
        """Ids of the tables that were written, or of which ranges are dropped."""
        spaces = {key[:TABLE_BYTES] for key in self._recent} | {space[:TABLE_BYTES] for space in self._runs}
        return {
            int.from_bytes(table, "big") for table in spaces.union(start[:TABLE_BYTES] for start, _ in self._dropped)
        }

    def sample(self, keys_max: int) -> list[bytes]:
        """Some of the keys that the write set names, evenly; dropped ranges by their start."""
        keys = [key for chunk in self._sort() for key in chunk[:: 1 + len(self._recent) // keys_max]]
        pieces = [piece.first for run in self._runs.values() for piece in run.pieces]
        return [*keys, *pieces[:: 1 + len(pieces) // keys_max], *(start for start, _ in self._dropped[:keys_max])]

    # -- encoding ------------------------------------------------------------------------------------------------------

    @property
    def is_large(self) -> bool:
        """The write set goes in pieces."""
        rows = len(self._recent) + sum(run.rows for run in self._runs.values())
        return self.bytes > write_set.PIECE_BYTES_MAX or rows > write_set.PIECE_ROWS_MAX

    def encode(self) -> bytes:
        """A write set that is not large, in one (write_set.py); nothing at all where nothing was written."""
        assert not self._leaving, "finish_drops was not awaited"
        if not self:
            return b""
        if self._runs:
            return self._encode_with_runs()
        chunks = self._sort()
        keys = chunks[0] if len(chunks) == 1 else sorted(key for chunk in chunks for key in chunk)
        values = self._recent
        if not self._dropped:
            return encode_rows(keys, [values[key] for key in keys])
        rows = [(key, values[key], write_set.DELETE if values[key] is None else write_set.PUT) for key in keys]
        return encode_sorted([*rows, *self._drops()])

    def _encode_with_runs(self) -> bytes:
        pieces = list(self.pieces())
        if len(pieces) == 1 and not self._dropped:
            return pieces[0]
        return encode_sorted([*chain.from_iterable(map(write_set.rows, pieces)), *self._drops()])

    def encode_dropped(self) -> bytes:
        """The dropped ranges alone."""
        return encode_sorted(self._drops()) if self._dropped else b""

    def _drops(self) -> list[tuple[bytes, bytes | None, int]]:
        return [(start, end, write_set.DROP_RANGE) for start, end in self._dropped]

    def pieces(self) -> Iterator[bytes]:
        """All rows, as write sets of bounded size whose keys ascend from one to the next."""
        assert not self._leaving, "finish_drops was not awaited"
        keys = heapq.merge(*self._sort())
        key = next(keys, None)
        recent = self._recent
        rows = PieceBuilder()
        for space in sorted(self._runs):
            for piece in self._runs[space].pieces:
                while key is not None and key < piece.first:
                    yield from rows.add(key, recent[key])
                    key = next(keys, None)
                if key is None or key > piece.last:
                    yield from rows.flush()
                    yield piece.payload
                    continue
                for sealed, value in piece.items():
                    while key is not None and key < sealed:
                        yield from rows.add(key, recent[key])
                        key = next(keys, None)
                    if key == sealed:
                        value = recent[sealed]
                        key = next(keys, None)
                    yield from rows.add(sealed, value)
        while key is not None:
            yield from rows.add(key, recent[key])
            key = next(keys, None)
        yield from rows.flush()
