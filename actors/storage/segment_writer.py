"""Writes a segment (segment_layout.py): cuts rows into blocks, and makes typed columns of those that are rows of one
table.

    writer = SegmentWriter(file, types)         types(keyspace): the columns' types where they are known
    writer.add(keys, times, values)             versions in order; also add_batch, add_block, add_untimed
    writer.finish()                             the footer; the caller syncs the file

A run of rows of one table gets columns from `BLOCK_SCAN_ROWS_MIN` rows on: fewer are never read as columns, and lie
with their neighbours in a block without. A block of another segment is copied as it is, unless it has no columns and
could have.

What it costs: 0.5 us a row of six columns, and about as many bytes as keys and rows take (docs/segments.md).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import google_crc32c
import pyarrow as pa
import pyarrow.compute as pc

from actors.common.ranges import KEYSPACE_BYTES
from actors.runtime.interfaces import File
from actors.sql.encoding.keys import prefix_end
from actors.sql.encoding.row_columns import all_columns, row_width
from actors.sql.types.column_type import ColumnType
from actors.storage import block_scan, segment
from actors.storage.segment import Block
from actors.storage.segment_layout import (
    END,
    ROWS_SECTION,
    SCHEMA,
    BlockFooter,
    Section,
    SegmentFooter,
    footer_stream,
    packed,
    section_of,
)
from actors.storage.zones import ZoneWriter

Types = Callable[[bytes], Sequence[ColumnType] | None]
"""Of a keyspace's rows, by position; None where they are not known."""


VALUES_MAX = 131_072
"""Of a block, rows times columns: making columns of them takes the loop 8 to 15 ms."""


def block_rows_max(value: bytes | None) -> int:
    """Of a block with such rows."""
    width = 1 if value is None else max(row_width(value), 1)
    return min(segment.BLOCK_ROWS_MAX, max(VALUES_MAX // width, 1))


def joined(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """One of all their rows, which have no typed columns."""
    columns = zip(*(batch.columns for batch in batches), strict=True)
    return pa.record_batch([pa.concat_arrays(column) for column in columns], schema=SCHEMA)


class SegmentWriter:
    """Writes one segment: `add` rows in order (in slices of any size), then `finish`, then the caller syncs the
    file."""

    def __init__(self, file: File, types: Types = lambda keyspace: None) -> None:
        self._file = file
        self._types = types
        self._keys: list[bytes] = []
        self._times: list[int] = []
        self._values: list[bytes | None] = []
        self._gathered: list[pa.RecordBatch] = []
        """Of the next block, what lies below those rows."""
        self._gathered_rows = 0
        self._bytes = 0
        self._blocks: list[BlockFooter] = []
        self._sections: dict[Section, int] = {}
        self._shapes: dict[Any, tuple[Section, pa.Schema]] = {}
        """Sections by what makes them."""
        self._zones: list[ZoneWriter] = []
        self._section = -1
        """The one whose stream is being written."""

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
        is_block = self._is_full
        if is_block or len(self._keys) >= segment.GATHER_ROWS:
            self._gather(bisect_left(self._keys, self._keys[-1]))
        if is_block:
            self._write_gathered()

    @property
    def _is_full(self) -> bool:
        """What has been added is a block."""
        rows = self._gathered_rows + len(self._keys)
        return self._bytes >= segment.BLOCK_BYTES_MAX or rows >= block_rows_max(
            self._values[-1] if self._values else None
        )

    def add_untimed(self, keys: pa.Array, values: pa.Array) -> None:
        """A block, each key once, whose rows get their commit time when the segment is opened."""
        times = pa.repeat(pa.scalar(0, pa.int64()), len(keys))
        self._write(pa.record_batch([keys, times, values], schema=SCHEMA))

    def add_batch(self, batch: pa.RecordBatch) -> None:
        """Versions in order, all above what was added before, as a block: of whole keys, within the bounds of one."""
        self._cut_all()
        self._write(batch)

    def add_block(self, block: Block) -> None:
        """A whole block of another segment."""
        self._cut_all()
        footer = block.footer
        rows_max = block_rows_max(block.batch.column(2)[0].as_py())
        if not block.section.keyspace and block_scan.BLOCK_SCAN_ROWS_MIN <= footer.rows <= rows_max:
            self._write(block.rows)
        else:
            times = (footer.min_ts, footer.max_ts)
            self._append(block.batch, block.section, footer.first_key, footer.last_key, times, footer.plain)

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
            tuple(self._sections),
            tuple(zones.encoded() for zones in self._zones),
        )
        self._file.append(END)
        self._file.append(footer_stream(footer, self._file.size))
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
        """Rows as blocks: those of a table with typed columns."""
        for low, high, space in _runs(batch.column(0)):
            rows = batch.slice(low, high - low)
            section, rows = self._with_columns(rows, space) if space else (ROWS_SECTION, rows)
            keys, times, values = rows.columns[:3]
            repeated = len(keys) > 1 and pc.any(pc.equal(keys.slice(1), keys.slice(0, len(keys) - 1))).as_py()
            bounds = pc.min_max(times).as_py()
            is_plain = not repeated and values.null_count == 0
            self._append(rows, section, keys[0].as_py(), keys[-1].as_py(), (bounds["min"], bounds["max"]), is_plain)

    def _with_columns(self, rows: pa.RecordBatch, space: bytes) -> tuple[Section, pa.RecordBatch]:
        columns = all_columns(rows.column(2), self._types(space) or ())
        if not columns:
            return ROWS_SECTION, rows
        columns = {position: (type_, packed(type_, array)) for position, (type_, array) in columns.items()}
        shape = space, tuple((position, type_, array.type) for position, (type_, array) in columns.items())
        if shape not in self._shapes:
            self._shapes[shape] = section_of(space, columns)
        section, schema = self._shapes[shape]
        return section, pa.record_batch([*rows.columns, *(array for _, array in columns.values())], schema=schema)

    def _append(
        self,
        batch: pa.RecordBatch,
        section: Section,
        first_key: bytes,
        last_key: bytes,
        times: tuple[int, int],
        plain: bool,
    ) -> None:
        number = self._sections.setdefault(section, len(self._sections))
        if number == len(self._zones):
            self._zones.append(ZoneWriter(section))
        self._zones[number].add(batch)
        if number != self._section:
            self._file.append(section.schema if self._section < 0 else END + section.schema)
            self._section = number
        message = batch.serialize().to_pybytes()
        offset = self._file.append(message)
        crc = int(google_crc32c.value(message))
        self._blocks.append(
            BlockFooter(offset, len(message), crc, batch.num_rows, first_key, last_key, *times, plain, number)
        )


def _runs(keys: pa.Array) -> Iterator[tuple[int, int, bytes]]:
    """Rows [low, high) one after the other: of one keyspace, or (b"") of those that have few."""
    rows = len(keys)
    first, last = keys[0].as_py()[:KEYSPACE_BYTES], keys[-1].as_py()[:KEYSPACE_BYTES]
    listed = [] if first == last else keys.to_pylist()
    low = few = 0
    while low < rows:
        space = listed[low][:KEYSPACE_BYTES] if listed else first
        high = bisect_left(listed, prefix_end(space), low) if listed else rows
        if high - low >= block_scan.BLOCK_SCAN_ROWS_MIN:
            if few < low:
                yield few, low, b""
            yield low, high, space
            few = high
        low = high
    if few < rows:
        yield few, rows, b""
