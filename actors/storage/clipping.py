"""Clipping: a segment less the rows whose columns lie outside of some spans, for a shard that is made of others
(docs/shards.md).

    spans [40, 80)      [t1|10 .. t1|30]  [t1|35 .. t1|60]  [t1|62 .. t2|20]     blocks of the segment
                        left out          rows 5 to 24      rows 0 to 17, 19     one that lies inside is copied as it is

A shard holds the same columns of every table and index, so a segment with many of them has some rows of each on both
sides of a cut. They lie together, so they are cut out of a block as slices of its columns, and no row is ever a Python
object. What was written without a commit time (segment.py) has the one that it was opened with in the copy.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from actors.common.ranges import KEYSPACE_BYTES, Span
from actors.runtime.interfaces import Disk
from actors.sql.encoding.keys import prefix_end
from actors.storage import segment as segments
from actors.storage.files import discard, sync
from actors.storage.pacing import Pace
from actors.storage.segment import Block, Segment
from actors.storage.segment_layout import BlockFooter
from actors.storage.segment_writer import SegmentWriter, block_rows_max, joined

EVERYTHING: tuple[Span, ...] = ((b"", None),)


async def clip(disk: Disk, segment: Segment, path: str, spans: Sequence[Span]) -> bool:
    """Write the rows of `segment`, which may be on another disk, that lie in `spans` to `path`, durably. False, and no
    file, where there are none. Raises 53100, 58030, XX001."""
    file = disk.open(path)
    pace = Pace()
    try:
        writer = SegmentWriter(file, segment.types)
        slices = _Slices(writer)
        for number, footer in enumerate(segment.footer.blocks):
            if lies_outside(footer, spans):
                continue
            block = segment.block(number)
            found = rows_inside(block, spans)
            if found == [(0, footer.rows)]:
                slices.flush()
                writer.add_block(block)
            else:
                slices.add(block, found)
            await pace.rest()
        slices.flush()
        if not writer.rows:
            discard(disk, path)
            return False
        writer.finish()
        await sync(file)
        return True
    except BaseException:
        discard(disk, path)
        raise
    finally:
        file.close()


class _Slices:
    """Rows of one block after the other, gathered until they are a block."""

    def __init__(self, writer: SegmentWriter) -> None:
        self._writer = writer
        self._slices: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, block: Block, rows: list[tuple[int, int]]) -> None:
        for low, high in rows:
            one = block.rows.slice(low, high - low)
            size = block.footer.length * (high - low) // block.footer.rows
            rows_max = block_rows_max(one.column(2)[0].as_py())
            if self._rows + one.num_rows > rows_max or self._bytes + size > segments.BLOCK_BYTES_MAX:
                self.flush()
            self._slices.append(one)
            self._rows += one.num_rows
            self._bytes += size

    def flush(self) -> None:
        if self._slices:
            self._writer.add_batch(joined(self._slices))
        self._slices = []
        self._rows = self._bytes = 0


def rows_inside(block: Block, spans: Sequence[Span]) -> list[tuple[int, int]]:
    """The rows [low, high) of a block that lie in `spans`, ascending, which are ascending and no neighbours; neighbours
    are one entry."""
    found: list[tuple[int, int]] = []
    rows = block.footer.rows
    start = 0
    while start < rows:
        space = block.key(start)[:KEYSPACE_BYTES]
        end = block.find(prefix_end(space))
        for first, last in spans:
            low = max(start, block.find(space + first))
            high = end if last is None else min(end, block.find(space + last))
            if low < high and found and found[-1][1] == low:
                found[-1] = found[-1][0], high
            elif low < high:
                found.append((low, high))
        start = end
    return found


def is_inside(key: bytes, spans: Sequence[Span]) -> bool:
    columns = key[KEYSPACE_BYTES:]
    return any(low <= columns and (high is None or columns < high) for low, high in spans)


def lies_inside(footer: BlockFooter, spans: Sequence[Span]) -> bool:
    """All of the block's keys do, as far as its first and last one tell."""
    if tuple(spans) == EVERYTHING:
        return True
    first, last = footer.first_key, footer.last_key
    if first[:KEYSPACE_BYTES] != last[:KEYSPACE_BYTES]:
        return False
    return any(is_inside(first, [span]) and is_inside(last, [span]) for span in spans)


def lies_outside(footer: BlockFooter, spans: Sequence[Span]) -> bool:
    """None of the block's keys is inside, likewise."""
    first, last = footer.first_key, footer.last_key
    if first[:KEYSPACE_BYTES] != last[:KEYSPACE_BYTES]:
        return False
    low, high = first[KEYSPACE_BYTES:], last[KEYSPACE_BYTES:]
    return all(high < start or (end is not None and low >= end) for start, end in spans)


async def own_share(segment: Segment, spans: Sequence[Span]) -> float:
    """Of the segment's bytes, what about lies in `spans`. Raises XX001."""
    pace = Pace()
    own = 0.0
    for number, footer in enumerate(segment.footer.blocks):
        if lies_inside(footer, spans):
            own += footer.length
        elif not lies_outside(footer, spans):
            inside = sum(high - low for low, high in rows_inside(segment.block(number), spans))
            own += footer.length * inside / footer.rows
            await pace.rest()
    return own / sum(footer.length for footer in segment.footer.blocks)
