"""Clipped segments, against a filter of their rows; and where a shard is parted."""

from __future__ import annotations

import asyncio
from random import Random

import pyarrow as pa
import pytest

from actors.common.ranges import KEYSPACE_BYTES, Span, joined_spans
from actors.common.write_set import PUT, encode
from actors.storage import segment as segments
from actors.storage.clipping import EVERYTHING, clip, is_inside, lies_inside
from actors.storage.middle import middle
from actors.storage.segment import Segment
from actors.storage.segment_writer import SegmentWriter
from actors.storage.store import Store
from tests.unit.storage.memory_disk import MemoryDisk

Row = tuple[bytes, int, bytes | None]


def key(table: int, column: int) -> bytes:
    return table.to_bytes(4, "big") + bytes(2) + column.to_bytes(2, "big")


def rows_of(segment: Segment) -> list[Row]:
    found: list[Row] = []
    for number, footer in enumerate(segment.footer.blocks):
        found += zip(*segment.block(number).versions(0, footer.rows), strict=True)
    return found


def written(disk: MemoryDisk, rows: list[Row], path: str = "whole") -> Segment:
    file = disk.open(path)
    writer = SegmentWriter(file)
    for place in range(0, len(rows), 7):
        keys, times, values = zip(*rows[place : place + 7], strict=True)
        writer.add(list(keys), list(times), list(values))
    writer.finish()
    return Segment(disk, path)


@pytest.mark.parametrize("seed", range(20))
def test_a_clipped_segment_has_the_rows_inside_and_no_others(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(seed)
    monkeypatch.setattr(segments, "BLOCK_ROWS_MAX", random.choice((3, 10, 1000)))
    disk = MemoryDisk()
    keys = sorted({key(random.randint(1, 3), random.randint(0, 60)) for _ in range(80)})
    rows: list[Row] = []
    for one in keys:
        times = sorted(random.sample(range(1, 50), random.randint(1, 3)), reverse=True)
        rows += [(one, time, None if random.random() < 0.2 else b"v%d" % time) for time in times]
    whole = written(disk, rows)
    spans: tuple[Span, ...] = joined_spans(
        (low.to_bytes(2, "big"), None if random.random() < 0.2 else (low + random.randint(1, 20)).to_bytes(2, "big"))
        for low in random.sample(range(60), random.randint(1, 3))
    )
    expected = [row for row in rows if is_inside(row[0], spans)]
    assert asyncio.run(clip(disk, whole, "clipped", spans)) == bool(expected)
    assert disk.exists("clipped") == bool(expected)
    if expected:
        clipped = Segment(disk, "clipped")
        assert rows_of(clipped) == expected and clipped.footer.rows == len(expected)
    inside = [number for number, footer in enumerate(whole.footer.blocks) if lies_inside(footer, spans)]
    for number in inside:
        assert all(is_inside(one, spans) for one in whole.block(number).batch.column(0).to_pylist())


def test_rows_that_were_written_without_a_commit_time_keep_the_one_they_have() -> None:
    disk = MemoryDisk()
    writer = SegmentWriter(disk.open("untimed"))
    writer.add_untimed(
        pa.array([key(1, column) for column in range(9)], pa.binary()), pa.array([b"v"] * 9, pa.binary())
    )
    writer.finish()
    spans = ((key(1, 4)[KEYSPACE_BYTES:], None),)
    assert asyncio.run(clip(disk, Segment(disk, "untimed", commit_ts=77), "clipped", spans))
    assert rows_of(Segment(disk, "clipped")) == [(key(1, column), 77, b"v") for column in range(4, 9)]


def test_what_fails_leaves_no_file() -> None:
    disk = MemoryDisk()
    whole = written(disk, [(key(1, column), 5, b"v") for column in range(9)])
    block = whole.footer.blocks[0]
    disk.files["whole"][block.offset + block.length // 2] ^= 1
    with pytest.raises(Exception, match="checksum"):
        asyncio.run(clip(disk, Segment(disk, whole.name), "clipped", ((b"\0\4", None),)))
    assert not disk.exists("clipped")


def test_the_middle_has_half_of_the_bytes_below_it() -> None:
    store = Store(MemoryDisk())
    assert middle(store, EVERYTHING) is None
    for column in range(1000):
        store.apply(encode([key(1, column)], [b"v" * 10], [PUT]), column + 1)
    cut = middle(store, EVERYTHING)
    assert cut is not None and 400 <= int.from_bytes(cut, "big") <= 600
    store.apply(encode([key(2, column) for column in range(3000, 5000)], [b"v" * 10] * 2000, [PUT] * 2000), 2000)
    cut = middle(store, EVERYTHING)
    assert cut is not None and 3000 <= int.from_bytes(cut, "big") <= 4000


def test_what_lies_in_one_place_has_no_middle() -> None:
    store = Store(MemoryDisk())
    store.apply(encode([key(table, 7) for table in range(1, 9)], [b"v"] * 8, [PUT] * 8), 1)
    assert middle(store, EVERYTHING) is None
