"""Scans at column speed: a whole block at a time, as Arrow, without making a Python object of every row.

`block_part(store, start, end, at)` gives, where it pays, the next part of a forward scan as one block of one segment
(the base), less the rows that a read at `at` does not see, plus the few rows that newer sources have in the same key
range (the overlay, as lists). Where another shape of the data rules that out it gives None, and the caller goes on with
`Store.window` for a while.

    base block   a b c d e f g h          part: selection = rows of a b d e f g h in the base
    newer           c' d-                       overlay   = c'   (and d is gone: deleted)

The base is the oldest segment that has rows at the place of the scan; the part ends with its block, or before older
sources' first key. Visibility within the base is decided by Arrow kernels; a `plain` block below `at` needs none.

Segments have most columns as Arrow has them (segment_layout.py), so a scan computes with the mapped file. `ColumnCache`
keeps what they have not, decoded from the rows (0.5 to 2 us a row) and bounded by bytes: columns of segments of before
there were any, and of values that no column can hold.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.ranges import KEYSPACE_BYTES
from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.keys import prefix_end
from actors.sql.encoding.row_columns import NotPlain, columns_of
from actors.sql.types.column_type import ColumnType
from actors.storage.aggregates import NotVectorized
from actors.storage.memtable import Memtable, newest
from actors.storage.segment import Block, Segment
from actors.storage.store import Store

BLOCK_SCAN_ROWS_MIN = 256
"""Fewer rows are read row by row: making and joining Arrow arrays costs some 50 us."""
OVERLAY_SHARE_MAX = 4
"""More rows in newer sources than a fourth of the base's: row by row."""
PLAIN_SPEED = 5
"""How much faster rows are decoded together than one by one, at least (six columns, 16,384 rows: 19 ms and 109 ms)."""
COLUMN_CACHE_BYTES_MAX = 128 << 20
"""Of one replica: a few million rows of the columns that analytic scans use."""


class BlockPart:
    """`block`'s rows [low, high), or `selection` (ascending row numbers) of them; and the overlay's visible rows,
    ascending. `is_skipped`: no row of the block passes the scan's filter, and none of it has been looked at."""

    __slots__ = ("_place", "high", "is_skipped", "low", "overlay_keys", "overlay_values", "resume", "selection")

    def __init__(self, place: _Place, high: int, resume: bytes | None) -> None:
        self._place = place
        self.low = place.low
        self.high = high
        self.selection: pa.Array | None = None
        self.resume = resume
        self.is_skipped = False
        self.overlay_keys: list[bytes] = []
        self.overlay_values: list[bytes] = []

    @property
    def block(self) -> Block:
        return self._place.block

    def pick(self, column: pa.Array) -> pa.Array:
        """The visible rows of one of the block's columns (or of a column of as many rows)."""
        if self.selection is not None:
            return column.take(self.selection)
        return column.slice(self.low, self.high - self.low)

    def pick_some(self, column: pa.Array, rows: pa.Array) -> pa.Array:
        """Of those the ones whose numbers are `rows`."""
        if self.selection is not None:
            return column.take(self.selection.take(rows))
        return column.slice(self.low, self.high - self.low).take(rows)

    @property
    def keyspace(self) -> bytes:
        return self.block.key(self.low)[:KEYSPACE_BYTES]

    @property
    def base_rows(self) -> int:
        if self.is_skipped:
            return 0
        return self.high - self.low if self.selection is None else len(self.selection)

    @property
    def rows_max(self) -> int:
        """Rows that may pass a filter."""
        return self.base_rows + len(self.overlay_keys)

    @property
    def nbytes(self) -> int:
        """Of these rows' keys and values, the base's by their mean in the block."""
        overlay = sum(map(len, self.overlay_keys)) + sum(map(len, self.overlay_values))
        if self.is_skipped:
            return overlay
        rows = self.high - self.low
        batch = self.block.batch
        base = sum(_data_bytes(batch.column(place), self.low, rows) for place in (0, 2))
        return base * self.base_rows // max(rows, 1) + overlay


def _data_bytes(column: pa.Array, low: int, rows: int) -> int:
    """Of the values alone, by their offsets."""
    offsets = memoryview(column.buffers()[1]).cast("i")
    return int(offsets[column.offset + low + rows] - offsets[column.offset + low])


class _Place:
    """Where a scan stands in one segment: a block, and the rows [low, high) of it that lie in the range. The block is
    opened when it is needed."""

    __slots__ = ("age", "first_key", "footer", "high", "low", "number", "segment")

    def __init__(self, age: int, segment: Segment, number: int, start: bytes, end: bytes) -> None:
        self.age = age
        self.segment = segment
        self.number = number
        footer = self.footer = segment.footer.blocks[number]
        self.low = self.block.find(start) if start > footer.first_key else 0
        self.high = footer.rows if footer.last_key < end else self.block.find(end)
        self.first_key = self.block.key(self.low) if 0 < self.low < self.high else footer.first_key

    @property
    def block(self) -> Block:
        """Raises XX001 where it is damaged."""
        return self.segment.block(self.number)


Skips = Callable[[Segment, int], bool]
"""Whether no row of a segment's block passes the scan's filter (zone_filter.py)."""


def block_part(store: Store, start: bytes, end: bytes, at: int, skips: Skips | None = None) -> BlockPart | None:
    """The next part of the scan of [start, end), ascending. Raises XX001 where a block is damaged."""
    sources = store.sources
    segments = ((age, source) for age, source in enumerate(sources) if isinstance(source, Segment))
    places = [place for age, segment in segments if (place := _place(segment, age, start, end)) is not None]
    if not places:
        return None
    base = _base(places)
    footer = base.footer
    stop = min([end, *(place.first_key for place in places if place.age < base.age)])
    if footer.last_key < stop:
        stop, high = footer.last_key + b"\x00", base.high
    else:
        high = base.block.find(stop)
    if high - base.low < BLOCK_SCAN_ROWS_MIN or _hides_rows(sources[: base.age], start, stop):
        return None
    overlay = _overlay(sources[base.age + 1 :], start, stop, at, (high - base.low) // OVERLAY_SHARE_MAX)
    if overlay is None:
        return None
    part = BlockPart(base, high, stop if stop < end else None)
    part.is_skipped = skips is not None and skips(base.segment, base.number)
    if not part.is_skipped:
        part.selection = _selection(store, part, at, overlay)
    for key in sorted(overlay):
        commit_ts, value = overlay[key]
        if value is not None and (not store.tombstones or store.tombstones.newest(key, at) <= commit_ts):
            part.overlay_keys.append(key)
            part.overlay_values.append(value)
    return part


def _base(places: list[_Place]) -> _Place:
    """The oldest that begins about where the nearest does."""
    if len(places) == 1:
        return places[0]
    nearest = min(places, key=lambda place: place.first_key)
    reach = nearest.block.key(min(nearest.low + BLOCK_SCAN_ROWS_MIN, nearest.high - 1))
    return next(place for place in places if place.first_key <= reach)


def _place(segment: Segment, age: int, start: bytes, end: bytes) -> _Place | None:
    low_block, high_block = segment.blocks_between(start, end)
    if low_block == high_block:
        return None
    place = _Place(age, segment, low_block, start, end)
    return place if place.low < place.high else None


def _hides_rows(older: list[Memtable | Segment], start: bytes, stop: bytes) -> bool:
    """Whether memtables below the base, which lie there under a large transaction's segment until the next checkpoint,
    have rows in the range."""
    return any(isinstance(source, Memtable) and bool(source.window(start, stop, False, 1)) for source in older)


def _overlay(
    newer: list[Memtable | Segment], start: bytes, stop: bytes, at: int, rows_max: int
) -> dict[bytes, tuple[int, bytes | None]] | None:
    """Versions at or below `at` of sources newer than the base, oldest first; None where they are more than `rows_max`
    (of any one source)."""
    found: dict[bytes, tuple[int, bytes | None]] = {}
    for source in newer:
        if isinstance(source, Segment):
            versions = _versions_between(source, start, stop, at, rows_max)
            if versions is None:
                return None
            found.update(versions)
            continue
        keys = source.window(start, stop, False, rows_max + 1)
        if len(keys) > rows_max:
            return None
        for key in keys:
            version = newest(source.versions[key], at)
            if version is not None:
                found[key] = version
    return found


def _versions_between(
    segment: Segment, start: bytes, stop: bytes, at: int, rows_max: int
) -> dict[bytes, tuple[int, bytes | None]] | None:
    low_block, high_block = segment.blocks_between(start, stop)
    versions: dict[bytes, tuple[int, bytes | None]] = {}
    for number in range(low_block, high_block):
        block = segment.block(number)
        low, high = block.find(start), block.find(stop)
        if high - low > rows_max:
            return None
        for key, time, value in zip(*block.versions(low, high), strict=True):
            if time <= at and key not in versions:
                versions[key] = (time, value)
    return versions


def _selection(store: Store, part: BlockPart, at: int, overlay: dict[bytes, Any]) -> pa.Array | None:
    """The rows of the base that a read at `at` sees; None: all of [low, high)."""
    footer = part.block.footer
    batch = part.block.batch.slice(part.low, part.high - part.low)
    rows: pa.Array | None = None
    if not footer.plain or footer.max_ts > at:
        rows = pc.indices_nonzero(pc.less_equal(batch.column(1), pa.scalar(at, pa.int64())))
        keys = batch.column(0).take(rows)
        if len(rows) > 1:
            first = pc.not_equal(keys.slice(1), keys.slice(0, len(keys) - 1))
            rows = rows.filter(pa.concat_arrays([pa.array([True], pa.bool_()), first]))
        rows = rows.filter(pc.is_valid(batch.column(2).take(rows)))
    if overlay:
        rows = _without(
            rows, batch, pc.is_in(_taken(batch.column(0), rows), value_set=pa.array(list(overlay), pa.binary()))
        )
    if store.tombstones and store.tombstones.any_in(part.block.key(part.low), part.block.key(part.high - 1), at):
        dropped = store.tombstones.newest
        keys, times = _taken(batch.column(0), rows).to_pylist(), _taken(batch.column(1), rows).to_pylist()
        rows = _without(
            rows, batch, pa.array([dropped(key, at) > time for key, time in zip(keys, times, strict=True)], pa.bool_())
        )
    return None if rows is None else pc.add(rows.cast(pa.int32()), pa.scalar(part.low, pa.int32()))


def _taken(column: pa.Array, rows: pa.Array | None) -> pa.Array:
    return column if rows is None else column.take(rows)


def _without(rows: pa.Array | None, batch: pa.RecordBatch, hidden: pa.Array) -> pa.Array:
    shown = pc.invert(hidden)
    return pc.indices_nonzero(shown) if rows is None else rows.filter(shown)


Decode = Callable[[bytes], list[Any]]


_CacheKey = tuple[str, int, bytes, int, ColumnType]
"""Segment, block, keyspace, the column's position and type."""


class ColumnCache:
    """Typed columns of whole blocks; the least recently used make room. Segments' names are never used twice, so
    nothing goes stale."""

    def __init__(self, bytes_max: int = COLUMN_CACHE_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._columns: OrderedDict[_CacheKey, pa.Array] = OrderedDict()
        self.bytes = 0
        self.decoded_rows = 0
        """Since the start: what scans cost beyond computing."""

    def columns(
        self, block: Block, keyspace: bytes, positions: list[int], types: tuple[ColumnType, ...], decode: Decode
    ) -> dict[int, pa.Array]:
        """Position -> column, a value for each row of the block: null for those of other keyspaces, of which small ones
        share a block. Raises as `to_arrow`, and NotVectorized, where a datum does not fit its Arrow type."""
        cached = self._columns
        name, number = block.segment.name, block.number
        found: dict[int, pa.Array] = {}
        missing: list[int] = []
        for position in positions:
            key = (name, number, keyspace, position, types[position])
            column = cached.get(key)
            if column is None:
                missing.append(position)
            else:
                cached.move_to_end(key)
                found[position] = column
        if missing:
            missing = self._missing(found, block, keyspace, missing, types)
        if missing and (plain := self._plain(block, keyspace, missing, types)) is not None:
            for position, column in plain.items():
                found[position] = self._keep((name, number, keyspace, position, types[position]), column)
        elif missing:
            width = len(types)
            nothing: list[Any] = [None] * width
            low, high = block.find(keyspace), block.find(prefix_end(keyspace))
            values = block.batch.column(2).slice(low, high - low).to_pylist()
            # Rows that are newer than the program's catalog, which no read with it sees, may have more columns.
            rows = [nothing if value is None else decode(value)[:width] for value in values]
            datums = list(zip(*([nothing] * low + rows + [nothing] * (block.footer.rows - high)), strict=True))
            self.decoded_rows += len(values)
            for position in missing:
                try:
                    column = to_arrow(datums[position], types[position])
                except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                    raise NotVectorized from error  # a newer row's datum, of another type
                found[position] = self._keep((name, number, keyspace, position, types[position]), column)
        return found

    def _missing(
        self,
        found: dict[int, pa.Array],
        block: Block,
        keyspace: bytes,
        positions: list[int],
        types: tuple[ColumnType, ...],
    ) -> list[int]:
        """Takes what the block has as columns; the positions that it has not. One of another type than it lies there is
        kept: to change it may have been work."""
        missing: list[int] = []
        for position in positions:
            type_ = types[position]
            try:
                column = block.column(keyspace, position, type_)
            except NotPlain:
                column = None
            if column is None:
                missing.append(position)
            elif block.is_stored(position, type_):
                found[position] = column
            else:
                found[position] = self._keep((block.segment.name, block.number, keyspace, position, type_), column)
        return missing

    def _plain(
        self, block: Block, keyspace: bytes, positions: list[int], types: tuple[ColumnType, ...]
    ) -> dict[int, pa.Array] | None:
        """All rows at once; None where they hold what that cannot decode."""
        low, high = block.find(keyspace), block.find(prefix_end(keyspace))
        try:
            columns = columns_of(block.batch.column(2).slice(low, high - low), positions, types)
        except NotPlain:
            return None
        self.decoded_rows += (high - low) // PLAIN_SPEED
        rest = block.footer.rows - high
        if not low and not rest:
            return columns
        return {
            position: pa.concat_arrays([pa.nulls(low, column.type), column, pa.nulls(rest, column.type)])
            for position, column in columns.items()
        }

    def _keep(self, key: _CacheKey, column: pa.Array) -> pa.Array:
        self._columns[key] = column
        self.bytes += column.nbytes
        while self.bytes > self._bytes_max and len(self._columns) > 1:
            _, gone = self._columns.popitem(last=False)
            self.bytes -= gone.nbytes
        return column
