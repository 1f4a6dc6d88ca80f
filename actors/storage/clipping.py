"""Clipping: a segment less the rows whose columns lie outside of some spans, for a shard that is made of others
(docs/shards.md).

    spans [40, 80)      [t1|10 .. t1|30]  [t1|35 .. t1|60]  [t1|62 .. t2|20]     blocks of the segment
                        left out          row by row        row by row           one that lies inside is copied as it is

A shard holds the same columns of every table and index, so a segment with many of them has some rows of each on both
sides of a cut. What was written without a commit time
(segment.py) has the one that it was opened with in the copy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from actors.common.ranges import KEYSPACE_BYTES, Span
from actors.runtime.interfaces import Disk
from actors.storage.maintenance import discard, sync
from actors.storage.segment import Block, BlockFooter, Segment, SegmentWriter

SLICE_ROWS = 256
"""Between two turns of the event loop: less than a millisecond."""
REST_S = 0.004
"""After each slice: who reads and writes meanwhile needs many turns of the loop, one after the other, and several shards' replicas in a
process may be at it at once."""
EVERYTHING: tuple[Span, ...] = ((b"", None),)


async def clip(disk: Disk, segment: Segment, path: str, spans: Sequence[Span]) -> bool:
    """Write the rows of `segment` that lie in `spans` to `path`, durably. False, and no file, where there are none.
    Raises 53100, 58030, XX001."""
    file = disk.open(path)
    try:
        writer = SegmentWriter(file)
        for number, footer in enumerate(segment.footer.blocks):
            if lies_inside(footer, spans):
                writer.add_block(segment.block(number))
            elif not _lies_outside(footer, spans):
                await _copy_rows(writer, segment.block(number), spans)
            await asyncio.sleep(REST_S)
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


async def _copy_rows(writer: SegmentWriter, block: Block, spans: Sequence[Span]) -> None:
    for low in range(0, block.footer.rows, SLICE_ROWS):
        keys, times, values = block.versions(low, min(low + SLICE_ROWS, block.footer.rows))
        kept = [row for row, key in enumerate(keys) if is_inside(key, spans)]
        if kept:
            writer.add([keys[row] for row in kept], [times[row] for row in kept], [values[row] for row in kept])
        await asyncio.sleep(REST_S)


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


def _lies_outside(footer: BlockFooter, spans: Sequence[Span]) -> bool:
    """None of the block's keys is inside, likewise."""
    first, last = footer.first_key, footer.last_key
    if first[:KEYSPACE_BYTES] != last[:KEYSPACE_BYTES]:
        return False
    low, high = first[KEYSPACE_BYTES:], last[KEYSPACE_BYTES:]
    return all(high < start or (end is not None and low >= end) for start, end in spans)
