"""A segment: an immutable sorted run of versions, one Arrow IPC file, memory-mapped.

Columns `key` binary, `commit_ts` int64, `value` binary or null (deleted); sorted by key, then commit_ts descending. Any
Arrow reader reads the file. Its record batches are the *blocks*: at most `BLOCK_ROWS_MAX` rows or about
`BLOCK_BYTES_MAX`, all versions of a key in the same block. The last batch has no rows and carries the *footer* in its
metadata: for each block its place, CRC-32C, first and last key, least and greatest time; and for the segment its rows.
So opening a segment reads the footer only, and a block is verified (10 GB/s) when first touched.

    [block 0][block 1] ... [block n][no rows, "footer": crc | msgpack]     point read: bisect over the blocks' last
                                                                           keys, then over
     a..f     g..m          x..z                                          every 64th key in memory, then six keys in the
                                                                          mapped file

What it promises: a flipped bit in a block or in the footer is found before anything of it is used, and named (XX001:
file and block). A segment may have been written before its rows' commit time was known, one for all of them
(staging.py): then whoever opens it says it, as RocksDB does with the sequence number of an ingested file
(https://github.com/facebook/rocksdb/wiki/Creating-and-Ingesting-SST-files).

Left out: compression (the page cache is what bounds memory), repair (the replica's business), range tombstones (the
manifest keeps them: they outlive the segment that brought them).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, ClassVar

import google_crc32c
import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from actors.common.errors import DATA_CORRUPTED, DatabaseError
from actors.runtime.interfaces import Disk, File

BLOCK_ROWS_MAX = 16384
"""A block is decoded to typed columns as a whole: some 15 ms of the loop's time at most."""
BLOCK_BYTES_MAX = 2 << 20
GATHER_ROWS = 1024
"""Rows are made columns so many at a time: a block of them at once would take 30 ms."""
SPARSE_ROWS = 64
"""Every 64th key is kept in memory: 1 to 2 percent of the data, six steps in the mapped file for a point read."""
SEARCH_BYTES_MAX = 8192
"""Of keys that are searched as one text."""
BLOCKS_OPEN_MAX = 1024
"""Blocks of one segment with their sparse index in memory (some 20 kB each); the least recently used makes room."""

SLOTS_PER_ROW = 4
"""Of the table that says which keys a block cannot hold: one miss in six is looked for in vain."""

SCHEMA = pa.schema(
    [
        pa.field("key", pa.binary(), nullable=False),
        pa.field("commit_ts", pa.int64(), nullable=False),
        pa.field("value", pa.binary()),
    ]
)
_EMPTY = pa.record_batch([pa.array([], field.type) for field in SCHEMA], schema=SCHEMA)


class BlockFooter(msgspec.Struct, frozen=True, array_like=True):
    """`offset`, `length`: of the record batch message in the file. `plain`: every key once and nothing deleted, so that
    at or above `max_ts` all rows are visible as they lie."""

    offset: int
    length: int
    crc: int
    rows: int
    first_key: bytes
    last_key: bytes
    min_ts: int
    max_ts: int
    plain: bool


class SegmentFooter(msgspec.Struct, frozen=True, array_like=True):
    blocks: tuple[BlockFooter, ...]
    rows: int
    min_ts: int
    max_ts: int


def corrupted(path: str, what: str) -> DatabaseError:
    return DatabaseError(DATA_CORRUPTED, f"{path}: {what}")


def with_checksum(data: bytes) -> bytes:
    return int(google_crc32c.value(data)).to_bytes(4, "big") + data


def without_checksum(data: bytes, path: str, what: str) -> bytes:
    """Undo `with_checksum`. Raises XX001 naming `path` and `what`."""
    if len(data) < 4 or google_crc32c.value(data[4:]) != int.from_bytes(data[:4], "big"):
        raise corrupted(path, f"{what}: checksum mismatch")
    return data[4:]


class _Sink:
    """What Arrow writes to: collects, until the writer hands it to the file as one append."""

    closed = False

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.position = 0

    def write(self, data: Any) -> int:
        part = bytes(data)
        self.parts.append(part)
        self.position += len(part)
        return len(part)

    def tell(self) -> int:
        return self.position

    def flush(self) -> None:
        """Everything is in `parts` already."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        data = b"".join(self.parts)
        self.parts = []
        return data


def joined(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """One of all their rows."""
    columns = zip(*(batch.columns for batch in batches), strict=True)
    return pa.record_batch([pa.concat_arrays(column) for column in columns], schema=SCHEMA)


class SegmentWriter:
    """Writes one segment: `add` rows in order (in slices of any size), then `finish`, then the caller syncs the
    file."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._sink = _Sink()
        self._writer = pa.ipc.new_file(pa.PythonFile(self._sink, mode="w"), SCHEMA)
        self._keys: list[bytes] = []
        self._times: list[int] = []
        self._values: list[bytes | None] = []
        self._gathered: list[pa.RecordBatch] = []
        """Of the next block, what lies below those rows."""
        self._gathered_rows = 0
        self._bytes = 0
        self._blocks: list[BlockFooter] = []
        self._writer.write_batch(
            _EMPTY
        )  # Arrow writes the file's head along with the first batch: the blocks are to begin after it

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self._blocks) + self._gathered_rows + len(self._keys)

    def add(self, keys: list[bytes], times: list[int], values: list[bytes | None]) -> None:
        """Versions in order, all above what was added before; at most some thousand at a time, so that blocks keep to
        their bounds."""
        self._keys += keys
        self._times += times
        self._values += values
        self._bytes += sum(map(len, keys)) + sum(map(len, filter(None, values))) + 16 * len(keys)
        is_block = self._bytes >= BLOCK_BYTES_MAX or self._gathered_rows + len(self._keys) >= BLOCK_ROWS_MAX
        if is_block or len(self._keys) >= GATHER_ROWS:
            self._gather(bisect_left(self._keys, self._keys[-1]))
        if is_block:
            self._write_gathered()

    def add_untimed(self, keys: pa.Array, values: pa.Array) -> None:
        """A block, each key once, whose rows get their commit time when the segment is opened."""
        times = pa.repeat(pa.scalar(0, pa.int64()), len(keys))
        batch = pa.record_batch([keys, times, values], schema=SCHEMA)
        self._append(batch, keys[0].as_py(), keys[-1].as_py(), 0, 0, values.null_count == 0)

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Versions in order, all above what was added before, as a block: of whole keys, within the bounds of one."""
        self._cut_all()
        self._write(batch)

    def add_block(self, block: Block) -> None:
        """A whole block of another segment, as it is."""
        self._cut_all()
        footer = block.footer
        self._append(block.batch, footer.first_key, footer.last_key, footer.min_ts, footer.max_ts, footer.plain)

    def finish(self) -> SegmentFooter:
        """Writes what is left and the footer. The file is complete, and not synced."""
        self._cut_all()
        blocks = tuple(self._blocks)
        assert blocks, "an empty segment"
        footer = SegmentFooter(
            blocks,
            sum(block.rows for block in blocks),
            min(block.min_ts for block in blocks),
            max(block.max_ts for block in blocks),
        )
        self._writer.write_batch(_EMPTY, custom_metadata={"footer": with_checksum(msgspec.msgpack.encode(footer))})
        self._writer.close()
        self._file.append(self._sink.take())
        return footer

    def _cut_all(self) -> None:
        self._gather(len(self._keys))
        self._write_gathered()

    def _gather(self, rows: int) -> None:
        """Make columns of the first rows: those of the last key stay, where further versions of it may still come."""
        if rows:
            self._gathered.append(self._batch(rows))
            self._gathered_rows += rows
            self._keys, self._times, self._values = self._keys[rows:], self._times[rows:], self._values[rows:]

    def _write_gathered(self) -> None:
        if self._gathered:
            batch = joined(self._gathered)
            self._gathered, self._gathered_rows = [], 0
            self._bytes = sum(map(len, self._keys)) + sum(map(len, filter(None, self._values)))
            self._write(batch)

    def _batch(self, rows: int) -> pa.RecordBatch:
        return pa.record_batch(
            [
                pa.array(self._keys[:rows], pa.binary()),
                pa.array(self._times[:rows], pa.int64()),
                pa.array(self._values[:rows], pa.binary()),
            ],
            schema=SCHEMA,
        )

    def _write(self, batch: pa.RecordBatch) -> None:
        keys, times, values = batch.columns
        first_key, last_key = keys[0].as_py(), keys[-1].as_py()
        repeated = batch.num_rows > 1 and pc.any(pc.equal(keys.slice(1), keys.slice(0, batch.num_rows - 1))).as_py()
        bounds = pc.min_max(times).as_py()
        self._append(batch, first_key, last_key, bounds["min"], bounds["max"], not repeated and values.null_count == 0)

    def _append(
        self, batch: pa.RecordBatch, first_key: bytes, last_key: bytes, min_ts: int, max_ts: int, plain: bool
    ) -> None:
        self._flush()
        offset = self._sink.position
        self._writer.write_batch(batch)
        message = self._flush()
        crc = int(google_crc32c.value(message))
        self._blocks.append(
            BlockFooter(offset, len(message), crc, batch.num_rows, first_key, last_key, min_ts, max_ts, plain)
        )

    def _flush(self) -> bytes:
        data = self._sink.take()
        if data:
            self._file.append(data)
        return data


class _Column(Sequence[bytes]):
    """A block's keys or values in the mapped file: an Arrow scalar for one of them costs a microsecond."""

    __slots__ = ("_data", "_offsets", "_present", "_rows")

    def __init__(self, column: pa.Array) -> None:
        present, offsets, data = column.buffers()
        self._rows = len(column)
        self._present = memoryview(present) if column.null_count else None
        self._offsets = memoryview(offsets).cast("i")
        self._data = memoryview(data if data is not None else b"")

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: Any) -> Any:
        offsets = self._offsets
        return bytes(self._data[offsets[row] : offsets[row + 1]])

    def value(self, row: int) -> bytes | None:
        present = self._present
        if present is not None and not present[row >> 3] >> (row & 7) & 1:
            return None
        offsets = self._offsets
        return bytes(self._data[offsets[row] : offsets[row + 1]])

    def first(self, wanted: bytes, low: int, high: int) -> int:
        """The first of the rows [low, high) that is `wanted`, which is not empty; -1: there is none. One search over
        the bytes of all of them instead of a comparison a row."""
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
        batch = pa.ipc.read_record_batch(message, SCHEMA)
        if segment.commit_ts:
            batch = batch.set_column(
                1, SCHEMA.field(1), pa.repeat(pa.scalar(segment.commit_ts, pa.int64()), footer.rows)
            )
        self.batch = batch
        self.times = memoryview(self.batch.column(1).buffers()[1]).cast("q")
        self._keys = _Column(self.batch.column(0))
        self._values = _Column(self.batch.column(2))
        self._sparse: list[bytes] = (
            self.batch.column(0).take(pa.array(range(0, footer.rows, SPARSE_ROWS), pa.int32())).to_pylist()
            if footer.rows > SPARSE_ROWS
            else [footer.first_key]
        )
        self._slots: bytearray | None = None

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
        return times[row], self._values.value(row)

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
            self._buffer = pa.py_buffer(mapped)
            self.bytes = len(mapped)
            reader = pa.ipc.open_file(self._buffer)
            _, metadata = reader.get_batch_with_custom_metadata(reader.num_record_batches - 1)
            encoded: bytes = metadata[b"footer"]
        except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise corrupted(name, f"footer: {error}") from None
        self.footer = msgspec.msgpack.decode(without_checksum(encoded, name, "footer"), type=SegmentFooter)
        blocks = self.footer.blocks
        if commit_ts:
            blocks = tuple(replace(block, min_ts=commit_ts, max_ts=commit_ts) for block in blocks)
            self.footer = SegmentFooter(blocks, self.footer.rows, commit_ts, commit_ts)
        self.first_key = blocks[0].first_key
        self.last_key = blocks[-1].last_key
        self._last_keys = [block.last_key for block in blocks]
        self._open: OrderedDict[int, Block] = OrderedDict()

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
        if google_crc32c.value(message.to_pybytes()) != footer.crc:
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
