"""Segments on a real disk, and what a flipped bit does to them."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from random import Random
from unittest.mock import patch

import pyarrow as pa
import pytest

from actors.common import write_set
from actors.common.errors import DatabaseError
from actors.runtime.local_disk import LocalDisk
from actors.storage import segment
from actors.storage.maintenance import Maintenance, choose, visible_versions
from actors.storage.range_tombstones import RangeTombstones
from actors.storage.segment import Segment
from actors.storage.segment_layout import read_footer
from actors.storage.segment_writer import SegmentWriter
from actors.storage.store import Store
from tests.unit.storage.memory_disk import MemoryDisk

ROWS = [
    (b"key %03d" % number, 100 - version, b"value %d" % number if version else None)
    for number in range(300)
    for version in range(2)
]


def write(disk: MemoryDisk, path: str = "segments/1.arrow") -> Segment:
    writer = SegmentWriter(disk.open(path))
    for low in range(0, len(ROWS), 64):
        keys, times, values = zip(*ROWS[low : low + 64], strict=True)
        writer.add(list(keys), list(times), list(values))
    writer.finish()
    return Segment(disk, path)  # type: ignore[arg-type]


def streams(file: bytes) -> list[pa.Table]:
    """What any Arrow reader finds in a segment's file: stream after stream."""
    found, reader = [], pa.BufferReader(file)
    while reader.tell() < len(file):
        found.append(pa.ipc.open_stream(reader).read_all())
    return found


def test_any_arrow_reader_reads_a_segment() -> None:
    disk = MemoryDisk()
    written = write(disk)
    rows, footer = streams(disk.read(written.name))
    assert list(zip(*(column.to_pylist() for column in rows.columns), strict=True)) == ROWS
    assert footer.column_names == ["footer", "trailer"]


def test_blocks_hold_whole_keys() -> None:
    with patch.object(segment, "BLOCK_ROWS_MAX", 101):
        written = write(MemoryDisk())
    blocks = written.footer.blocks
    assert len(blocks) > 3
    assert all(one.last_key < other.first_key for one, other in itertools.pairwise(blocks))
    assert written.get(b"key 007", 99, True) == (99, b"value 7")
    assert written.get(b"key 007", 100, False) == (100, None)
    assert written.get(b"key 007", 98, True) is None
    assert written.get(b"key 007x", 100, False) is None


@pytest.mark.parametrize("text_max", [0, 200, 8192])
def test_a_key_is_found_among_keys_that_hold_it(text_max: int) -> None:
    """Keys of two letters lie within each other, across the ends of keys too; with and without versions of each, some
    deleted."""
    random = Random(7)
    keys = sorted({bytes(random.choices(b"ab", k=random.randrange(1, 9))) for _ in range(400)})
    rows = [
        (key, time, None if random.random() < 0.2 else b"%s at %d" % (key, time))
        for key in keys
        for time in sorted(random.sample(range(1, 9), random.randrange(1, 4)), reverse=True)
    ]
    disk = MemoryDisk()
    writer = SegmentWriter(disk.open("segments/1.arrow"))
    writer.add(*(list(column) for column in zip(*rows, strict=True)))  # type: ignore[arg-type]
    writer.finish()
    written = Segment(disk, "segments/1.arrow")  # type: ignore[arg-type]
    absent = {bytes(random.choices(b"abc", k=random.randrange(1, 10))) for _ in range(200)} - set(keys)
    with patch.object(segment, "SEARCH_BYTES_MAX", text_max):
        for key in [*keys, *absent]:
            for at in range(10):
                newest = next(((time, value) for name, time, value in rows if name == key and time <= at), None)
                assert written.get(key, at, True) == newest


def test_a_flipped_bit_anywhere_is_found_or_harmless() -> None:
    """Harmless: in bytes that nothing reads (alignment, Arrow's own footer where it agrees)."""
    disk = MemoryDisk()
    with patch.object(segment, "BLOCK_ROWS_MAX", 101):
        path = write(disk).name
    intact = disk.read(path)
    random = Random(5)
    found = 0
    for _ in range(300):
        damaged = bytearray(intact)
        damaged[random.randrange(len(intact))] ^= 1 << random.randrange(8)
        disk.files[path] = damaged
        try:
            opened = Segment(disk, path)  # type: ignore[arg-type]
            rows = [
                row
                for number in range(len(opened.footer.blocks))
                for row in zip(*opened.block(number).versions(0, opened.footer.blocks[number].rows), strict=True)
            ]
        except DatabaseError as error:
            assert error.sqlstate == "XX001"
            assert path in error.message
            found += 1
        else:
            assert rows == ROWS
    assert found > 200


def test_a_footer_is_read_by_no_length_that_is_not_checked() -> None:
    """Every byte of the last stream, and every value that a length of it might take for."""
    disk = MemoryDisk()
    path = write(disk).name
    intact = disk.read(path)
    at = int.from_bytes(intact[-16:-8], "little")
    read, found = Segment(disk, path).footer, 0  # type: ignore[arg-type]
    for place in range(at, len(intact)):
        for flipped in (1, 0x40, 0x80, 0xFF):
            damaged = bytearray(intact)
            damaged[place] ^= flipped
            try:
                assert read_footer(pa.py_buffer(damaged), path) == read
            except DatabaseError as error:
                assert error.sqlstate == "XX001" and path in error.message
                found += 1
    assert found > len(intact) - at


def test_a_damaged_manifest_is_named() -> None:
    disk = MemoryDisk()

    async def fill() -> None:
        store = Store(disk)  # type: ignore[arg-type]
        store.apply(write_set.encode([b"k"], [b"v"], [0]), 1)
        await Maintenance(store, 8).checkpoint(1, 0)

    asyncio.run(fill())
    for place in range(len(disk.files["manifest"])):
        damaged = bytearray(disk.files["manifest"])
        damaged[place] ^= 16
        broken = MemoryDisk()
        broken.files = {**disk.files, "manifest": damaged}
        with pytest.raises(DatabaseError, match="manifest") as caught:
            Store(broken)  # type: ignore[arg-type]
        assert caught.value.sqlstate == "XX001"


def test_restart_from_a_real_disk(tmp_path: Path) -> None:
    async def test() -> None:
        disk = LocalDisk(tmp_path)
        store = Store(disk)
        maintenance = Maintenance(store, 8)
        for at in (1, 2, 3):
            store.apply(write_set.encode([b"a", b"k%d" % at], [b"%d" % at, b"v"], [0, 0]), at)
            await maintenance.checkpoint(at, 0)
        store.apply(write_set.encode([b"a"], [b"lost with the memtable"], [0]), 4)
        leftover = disk.open("segments/00000099.arrow")
        leftover.append(b"half a segment")
        leftover.close()
        again = Store(disk)
        assert again.checkpoint_ts == 3
        assert [again.get(b"a", at) for at in (1, 2, 3, 9)] == [b"1", b"2", b"3", b"3"]
        await Maintenance(again, 1).merge(0)
        assert disk.list("segments") == ["00000100.arrow"]
        third = Store(disk)
        assert [third.get(b"a", at) for at in (1, 2, 3)] == [b"1", b"2", b"3"]

    asyncio.run(test())


def test_what_a_merge_keeps() -> None:
    versions = [(9, b"9"), (7, None), (4, b"4"), (2, b"2")]
    assert visible_versions(versions, 5, 0, False) == [(9, b"9"), (7, None), (4, b"4")]
    assert visible_versions(versions, 5, 5, False) == [(9, b"9"), (7, None)]
    assert visible_versions(versions, 8, 0, False) == [(9, b"9"), (7, None)]
    assert visible_versions(versions, 8, 0, True) == [(9, b"9")]
    assert visible_versions(versions, 0, 0, True) == versions


def test_merging_prefers_small_neighbours() -> None:
    assert choose([1000, 10, 10, 10]) == (1, 4)
    assert choose([1000, 900, 10, 10]) == (2, 4)
    assert choose([15, 10, 10]) == (0, 3)


def test_range_tombstones() -> None:
    dropped = RangeTombstones([(b"a", b"c", 5), (b"b", b"d", 9), (b"b", b"d", 9)])
    assert len(dropped) == 2
    assert [dropped.newest(key, 10) for key in (b"", b"a", b"b", b"bz", b"c", b"d")] == [0, 5, 9, 9, 9, 0]
    assert [dropped.newest(b"b", at) for at in (4, 5, 8, 9)] == [0, 5, 5, 9]
    assert dropped.any_in(b"c", b"x", 9)
    assert not dropped.any_in(b"c", b"x", 8)
    assert not dropped.any_in(b"d", b"x", 9)
    assert dropped.without(5).drops() == [(b"b", b"d", 9)]
