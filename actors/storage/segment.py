"""A segment: an immutable sorted run of versions, one file of typed Arrow columns (segment_layout.py), memory-mapped.

Sorted by key, then commit_ts descending. The record batches are the *blocks*: at most `BLOCK_ROWS_MAX` rows or about
`BLOCK_BYTES_MAX` of keys and rows, all versions of a key in the same block. The *footer* says for each block its place,
CRC-32C, first and last key, least and greatest time; and for the segment its rows. So opening a segment reads the
footer only, and a block is verified (10 GB/s) when first touched.

    [block 0][block 1] ... [block n][footer]               point read: bisect over the blocks' last keys, then over
                                                           every 64th key in memory, then one search in 64 keys' bytes
     a..f     g..m          x..z

    block.column(keyspace, position, type)                 a column of the mapped file: nothing is decoded or copied

What it promises: a flipped bit in a block or in the footer is found before anything of it is used, and named (XX001:
file and block). A segment may have been written before its rows' commit time was known, one for all of them
(staging.py): then whoever opens it says it, as RocksDB does with the sequence number of an ingested file
(https://github.com/facebook/rocksdb/wiki/Creating-and-Ingesting-SST-files). segment_writer.py writes.

Left out: compression (the page cache is what bounds memory), repair (the replica's business), range tombstones (the
manifest keeps them: they outlive the segment that brought them).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

import google_crc32c
import pyarrow as pa
from msgspec.structs import replace

from actors.runtime.interfaces import Disk
from actors.sql.encoding.row_columns import absent, recast
from actors.sql.types.column_type import ColumnType
from actors.storage.segment_layout import (
    FIRST_COLUMN,
    ROWS_SECTION,
    SCHEMA,
    BlockFooter,
    Section,
    SegmentFooter,
    corrupted,
    read_footer,
    unpacked,
)
from actors.storage.zones import Zones

BLOCK_ROWS_MAX = 16384
"""Rows that have no columns yet are decoded to them as a block: some 8 ms of the loop's time."""
BLOCK_BYTES_MAX = 2 << 20
"""Of keys and rows: typed columns come on top, about as much."""
GATHER_ROWS = 1024
"""Rows are made columns so many at a time: a block of them at once would take 30 ms."""
SPARSE_ROWS = 64
"""Every 64th key is kept in memory: 1 to 2 percent of the data, one search in the bytes of 64 keys for a point read."""
SEARCH_BYTES_MAX = 8192
"""Of keys that are searched as one text."""
BLOCKS_OPEN_MAX = 1024
"""Blocks of one segment with their sparse index in memory (some 20 kB each); the least recently used makes room."""

SLOTS_PER_ROW = 4
"""Of the table that says which keys a block cannot hold: one miss in six is looked for in vain."""


class _Bytes(Sequence[bytes]):
    """A block's keys or rows in the mapped file, one by one: for bisection, and for point reads."""

    __slots__ = ("_data", "_offsets", "_rows")

    def __init__(self, column: pa.Array) -> None:
        _, offsets, data = column.buffers()
        self._rows = len(column)
        self._offsets = memoryview(offsets).cast("i")
        self._data = memoryview(data)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: Any) -> Any:
        offsets = self._offsets
        return bytes(self._data[offsets[row] : offsets[row + 1]])

    def first(self, wanted: bytes, low: int, high: int) -> int:
        """The first of the rows [low, high), which ascend, that is `wanted`, which is not empty; -1: there is none. One
        search over the bytes of all of them instead of a comparison a row."""
        offsets = self._offsets
        start, end, size = offsets[low], offsets[high], len(wanted)
        if end - start > SEARCH_BYTES_MAX:
            row = bisect_left(self, wanted, low, high)
            return row if row < high and self[row] == wanted else -1
        text = bytes(self._data[start:end])
        at = text.find(wanted)
        while at >= 0:
            row = bisect_right(offsets, start + at, low, high) - 1
            if offsets[row] == start + at and offsets[row + 1] - offsets[row] == size:
                return row
            at = text.find(wanted, at + 1)
        return -1


class Block:
    """One verified block. `batch` points into the mapped file; `times` is commit_ts as a sequence."""

    __slots__ = ("_keys", "_slots", "_sparse", "_values", "batch", "footer", "number", "segment", "times")

    def __init__(self, segment: Segment, number: int, footer: BlockFooter, message: pa.Buffer) -> None:
        self.segment = segment
        self.number = number
        self.footer = footer
        batch = pa.ipc.read_record_batch(message, segment.schema(footer.section))
        if segment.commit_ts:
            batch = batch.set_column(
                1, SCHEMA.field(1), pa.repeat(pa.scalar(segment.commit_ts, pa.int64()), footer.rows)
            )
        values = batch.column(2)
        self._values: Any = values if values.null_count else _Bytes(values)
        self.batch = batch
        self.times = memoryview(self.batch.column(1).buffers()[1]).cast("q")
        self._keys = _Bytes(self.batch.column(0))
        self._sparse: list[bytes] = (
            self.batch.column(0).take(pa.array(range(0, footer.rows, SPARSE_ROWS), pa.int32())).to_pylist()
            if footer.rows > SPARSE_ROWS
            else [footer.first_key]
        )
        self._slots: bytearray | None = None

    @property
    def section(self) -> Section:
        return self.segment.sections[self.footer.section]

    @property
    def rows(self) -> pa.RecordBatch:
        """Keys, commit times and values, without typed columns."""
        return pa.record_batch(self.batch.columns[:FIRST_COLUMN], schema=SCHEMA)

    def column(self, keyspace: bytes, position: int, type_: ColumnType) -> pa.Array | None:
        """The typed column, null where a row is deleted. None where the block has none for it, or one that is not
        `type_`'s: the rows themselves tell. Raises 22008 (arrow_types.py)."""
        section = self.section
        if section.keyspace != keyspace:
            return None
        if position >= section.width:
            return absent(self.footer.rows, type_)
        found = self.segment.place(self.footer.section, position)
        if found is None:
            return None
        place, stored = found
        return recast(unpacked(self.batch.column(place)), stored, type_)

    def is_stored(self, position: int, type_: ColumnType) -> bool:
        """`column` gives it as it lies there."""
        found = self.segment.place(self.footer.section, position)
        return found is not None and found[1] == type_

    def may_contain(self, key: bytes) -> bool:
        """False: the key is certainly not here. A table of `SLOTS_PER_ROW` bytes a row, made when first asked for (1
        ms)."""
        slots = self._slots
        if slots is None:
            size = 1 << (self.footer.rows * SLOTS_PER_ROW).bit_length()
            slots = self._slots = bytearray(size)
            for hashed in map(hash, self.batch.column(0).to_pylist()):
                slots[hashed & (size - 1)] = 1
        return slots[hash(key) & (len(slots) - 1)] == 1

    def find(self, key: bytes) -> int:
        """The first row whose key is not below `key`; the number of rows where there is none."""
        place = bisect_left(self._sparse, key)
        low = (place - 1) * SPARSE_ROWS if place else 0
        return bisect_left(self._keys, key, low, min(place * SPARSE_ROWS, self.footer.rows))

    def key(self, row: int) -> bytes:
        return self._keys[row]  # type: ignore[no-any-return]

    def get(self, key: bytes, at: int) -> tuple[int, bytes | None] | None:
        """The newest version of `key` at or below `at`."""
        rows = self.footer.rows
        keys, times = self._keys, self.times
        place = bisect_left(self._sparse, key)
        low, high = (place - 1) * SPARSE_ROWS if place else 0, place * SPARSE_ROWS + 1
        row = keys.first(key, low, high if high < rows else rows)
        if row < 0:
            return None
        while times[row] > at:
            row += 1
            if row == rows or keys[row] != key:
                return None
        value = self._values[row]
        return times[row], value if value.__class__ is bytes else value.as_py()

    def versions(self, low: int, high: int) -> tuple[list[bytes], list[int], list[bytes | None]]:
        """Rows [low, high) as lists: keys, commit times, values."""
        rows = high - low
        batch = self.batch
        return (
            batch.column(0).slice(low, rows).to_pylist(),
            self.times[low:high].tolist(),
            batch.column(2).slice(low, rows).to_pylist(),
        )


class Segment:
    """An open segment. `name` is its path on the role's disk."""

    opened_bytes: ClassVar[int] = 0
    """Of all blocks that have been opened in this process: what a scan has opened is what it grew by meanwhile."""

    def __init__(self, disk: Disk, name: str, commit_ts: int = 0) -> None:
        """Maps the file and reads its footer. `commit_ts`: of all rows, where they were written without. Raises XX001
        where either is damaged."""
        self.name = name
        self.commit_ts = commit_ts
        try:
            mapped = disk.map(name)
            self._buffer = pa.py_buffer(mapped.toreadonly())
            self.bytes = len(mapped)
        except (pa.ArrowException, OSError, ValueError, TypeError) as error:
            raise corrupted(name, f"footer: {error}") from None
        self.footer = read_footer(self._buffer, name)
        self.sections = self.footer.sections or (ROWS_SECTION,)
        self._schemas: dict[int, pa.Schema] = {}
        self._zones: dict[int, Zones | None] = {}
        self._numbers: dict[int, list[int]] = {}
        self._places: dict[int, dict[int, tuple[int, ColumnType]]] = {}
        """All by section, once asked for."""
        blocks = self.footer.blocks
        if commit_ts:
            blocks = tuple(replace(block, min_ts=commit_ts, max_ts=commit_ts) for block in blocks)
            self.footer = SegmentFooter(
                blocks, self.footer.rows, commit_ts, commit_ts, self.sections, self.footer.zones
            )
        self.first_key = blocks[0].first_key
        self.last_key = blocks[-1].last_key
        self._last_keys = [block.last_key for block in blocks]
        self._open: OrderedDict[int, Block] = OrderedDict()

    def schema(self, section: int) -> pa.Schema:
        """Of the section's blocks."""
        schema = self._schemas.get(section)
        if schema is None:
            schema = self._schemas[section] = pa.ipc.read_schema(pa.py_buffer(self.sections[section].schema))
        return schema

    def place(self, section: int, position: int) -> tuple[int, ColumnType] | None:
        """Which of the blocks' columns is that of the rows' position, and its type."""
        places = self._places.get(section)
        if places is None:
            columns = enumerate(self.sections[section].columns, FIRST_COLUMN)
            places = self._places[section] = {one: (place, type_) for place, (one, type_) in columns}
        return places.get(position)

    def types(self, keyspace: bytes) -> tuple[ColumnType, ...] | None:
        """Of the columns of its rows, by position; None where the segment does not tell those of all."""
        for section in self.sections:
            if section.keyspace == keyspace and len(section.columns) == section.width:
                return tuple(type_ for _, type_ in section.columns)
        return None

    def zones(self, section: int) -> Zones | None:
        """None where the section has none."""
        if section not in self._zones:
            encoded = self.footer.zones[section] if self.footer.zones else b""
            self._zones[section] = Zones(self.sections[section], encoded) if encoded else None
        return self._zones[section]

    def numbers(self, section: int) -> list[int]:
        """Of the section's blocks, in the order of its zones."""
        if section not in self._numbers:
            blocks = enumerate(self.footer.blocks)
            self._numbers[section] = [number for number, block in blocks if block.section == section]
        return self._numbers[section]

    def block(self, number: int) -> Block:
        """Raises XX001 where the block is damaged."""
        block = self._open.get(number)
        if block is None:
            block = self._open[number] = Block(self, number, self.footer.blocks[number], self.verify(number))
            Segment.opened_bytes += block.footer.length
            if len(self._open) > BLOCKS_OPEN_MAX:
                self._open.popitem(last=False)
        elif len(self._open) == BLOCKS_OPEN_MAX:
            self._open.move_to_end(number)
        return block

    def verify(self, number: int) -> pa.Buffer:
        """The block's bytes in the mapped file. Raises XX001 where they are damaged."""
        footer = self.footer.blocks[number]
        message = self._buffer.slice(footer.offset, footer.length)
        if google_crc32c.value(message) != footer.crc:
            raise corrupted(self.name, f"block {number} of {len(self.footer.blocks)}: checksum mismatch")
        return message

    def number_at(self, key: bytes) -> int:
        """The block that holds `key` or, where there is none, the next greater key; the number of blocks past the
        end."""
        return bisect_left(self._last_keys, key)

    def number_before(self, key: bytes) -> int:
        """The last block that holds a key below `key`; -1 where there is none."""
        number = bisect_left(self._last_keys, key)
        if number < len(self._last_keys) and self.footer.blocks[number].first_key < key:
            return number
        return number - 1

    def get(self, key: bytes, at: int, expected: bool) -> tuple[int, bytes | None] | None:
        """The newest version of `key` at or below `at`: (commit time, value; None: deleted). `expected`: the key is
        probably here."""
        if key < self.first_key or key > self.last_key:
            return None
        number = bisect_left(self._last_keys, key)
        footer = self.footer.blocks[number]
        if key < footer.first_key or footer.min_ts > at:
            return None
        block = self._open.get(number) or self.block(number)
        return block.get(key, at) if expected or block.may_contain(key) else None

    def blocks_between(self, start: bytes, end: bytes) -> tuple[int, int]:
        """Numbers [low, high) of the blocks that hold keys of [start, end)."""
        low = bisect_left(self._last_keys, start)
        high = self.number_before(end) + 1
        return low, max(low, high)
