"""Segments with typed columns: what lies in the file, for any Arrow reader, and that a scan of it answers what the rows
say, whatever their types, their age and their table's catalog."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import google_crc32c
import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.common import write_set
from actors.common.messages import Deliver, Scan, Stage
from actors.sql.catalog.encoding import encode, table_key
from actors.sql.catalog.schema import Column, Index, Table
from actors.sql.encoding import scan_program
from actors.sql.encoding.arrow_types import arrow_type, from_arrow
from actors.sql.encoding.keys import keyspace
from actors.sql.encoding.rows import RowCodec
from actors.sql.encoding.scan_program import ScanProgram
from actors.sql.types.column_type import ColumnType
from actors.storage import block_scan
from actors.storage.clipping import clip
from actors.storage.maintenance import SLICE_ROWS, Maintenance
from actors.storage.scan import Scanner
from actors.storage.segment import BLOCK_ROWS_MAX, Segment
from actors.storage.segment_layout import SCHEMA, packed, unpacked, with_checksum
from actors.storage.segment_writer import VALUES_MAX, SegmentWriter, block_rows_max
from actors.storage.staging import Staging
from actors.storage.store import Store
from tests.unit.sql.test_row_columns import tables
from tests.unit.storage.memory_disk import MemoryDisk
from tests.unit.storage.test_segment import streams

TABLE = 0x4000
SPACE = keyspace(TABLE, 1)
MONEY = ColumnType("numeric", ((12 << 16) | 2) + 4)
TYPES = (
    *map(ColumnType, ("int8", "text")),
    MONEY,
    *map(ColumnType, ("timestamptz", "uuid", "interval", "bool", "jsonb", "numeric")),
)
ROWS: list[list[Any]] = [
    [
        number,
        None if number % 7 == 0 else f"text {number}",
        Decimal(number).scaleb(-2),
        number * 1_000_000 if number % 5 else 2**63 - 1,
        number.to_bytes(16, "big"),
        (number, -1, 3_000_000),
        number % 2 == 0,
        "{}",
        Decimal(number) / 8,
    ]
    for number in range(600)
]


def described(types: Sequence[ColumnType], table: int = TABLE) -> tuple[bytes, bytes]:
    """The catalog's row of a table."""
    columns = tuple(Column(f"column{position}", position, type_) for position, type_ in enumerate(types))
    return table_key(table), encode(Table(table, "public", "t", columns, Index(1, 7, "t_pkey", (), True, True)))


def key(number: int) -> bytes:
    return SPACE + number.to_bytes(4, "big")


async def stored(rows: Sequence[bytes | None], catalog: Sequence[ColumnType] = ()) -> tuple[MemoryDisk, Store]:
    """In one segment, made by a checkpoint; the catalog's row, where there are types, lies in it, too."""
    disk = MemoryDisk()
    store = Store(disk)  # type: ignore[arg-type]
    if catalog:
        name, value = described(catalog)
        store.apply(write_set.encode([name], [value], [write_set.PUT]), 1)
    kinds = [write_set.PUT if row is not None else write_set.DELETE for row in rows]
    store.apply(write_set.encode([key(number) for number in range(len(rows))], list(rows), kinds), 2)
    await Maintenance(store, 8).checkpoint(2, 0)
    return disk, store


def scanned(store: Store, types: Sequence[ColumnType], at: int = 100) -> list[list[Any]]:
    """All columns of the table, by blocks; and that no row was decoded where `ColumnCache` counts none."""
    program = scan_program.encode(ScanProgram(columns=tuple(types), output="columns"))
    scanner, start, found = Scanner(store), SPACE, [list[Any]() for _ in types]
    while True:
        answer = scanner.run(Scan(start, keyspace(TABLE, 2), at, program, False, 0, 4 << 20))
        for place, type_ in enumerate(types):
            found[place] += from_arrow(answer.rows.batch.column(place), type_)
        if answer.resume is None:
            return found
        start = answer.resume


def columns(rows: Sequence[Sequence[Any]], types: Sequence[ColumnType]) -> list[list[Any]]:
    return [[row[place] if place < len(row) else None for row in rows] for place in range(len(types))]


def test_any_arrow_reader_finds_the_columns() -> None:
    disk, store = asyncio.run(stored(list(map(RowCodec(TYPES).encode, ROWS)), TYPES))
    [catalog, table, _] = streams(disk.read(store.segments[0].name))
    assert catalog.schema == SCHEMA and catalog.num_rows == 1
    assert table.schema.metadata == {b"table": b"16384", b"index": b"1"}
    assert table.column("key").to_pylist() == [key(number) for number in range(len(ROWS))]
    assert table.column("c1").to_pylist() == [row[1] for row in ROWS]
    kinds = [arrow_type(type_) for type_ in TYPES]
    kinds[4] = pa.binary(16)
    assert [field.type for field in table.schema][3:] == kinds
    assert table.schema.field("c2").metadata == {b"type": b"numeric", b"modifier": b"%d" % MONEY.modifier}


@pytest.mark.parametrize("catalog", [TYPES, ()])
def test_a_scan_decodes_no_row(catalog: Sequence[ColumnType]) -> None:
    """With types of the catalog, or those that the rows tell."""
    _, store = asyncio.run(stored(list(map(RowCodec(TYPES).encode, ROWS)), catalog))
    with patch.object(block_scan, "columns_of", side_effect=AssertionError("rows are decoded")):
        assert scanned(store, TYPES) == columns(ROWS, TYPES)


@settings(deadline=None, max_examples=60)
@given(tables(), st.booleans(), st.booleans(), st.data())
def test_columns_are_what_the_rows_say(
    table: tuple[tuple[ColumnType, ...], list[list[Any] | None]], is_known: bool, is_merged: bool, data: st.DataObject
) -> None:
    """Of all types, with rows deleted, or shorter than their table has become; catalog known, another, or none."""
    types, rows = table
    catalog = data.draw(st.permutations(types)) if is_known and data.draw(st.booleans()) else types
    encode_row = RowCodec(types).encode
    with patch.object(block_scan, "BLOCK_SCAN_ROWS_MIN", 1):
        _, store = asyncio.run(
            stored([None if row is None else encode_row(row) for row in rows], catalog if is_known else ())
        )
        if is_merged:
            asyncio.run(Maintenance(store, 8).merge_run(store.segments, 0))
        kept = [row for row in rows if row is not None]
        assert repr(scanned(store, types)) == repr(columns(kept, types))
        wider = (*types, ColumnType("text"))
        assert repr(scanned(store, wider)) == repr(columns(kept, wider))


def test_values_that_no_column_holds() -> None:
    """A NaN in a numeric(12,2), an interval of ages, a number as text: these columns are read from the rows."""
    rows = [*ROWS[:300], [1, "x", Decimal("NaN"), 5, b"\0" * 16, (0, 0, 2**62), True, "{}", Decimal("1E+3")]]
    _, store = asyncio.run(stored(list(map(RowCodec(TYPES).encode, rows)), TYPES))
    sound = [0, 1, 3, 4, 6, 7]
    program = ScanProgram(columns=TYPES, output="columns", project=tuple(sound))
    answer = (
        Scanner(store)
        .run(Scan(SPACE, keyspace(TABLE, 2), 100, scan_program.encode(program), False, 0, 4 << 20))
        .rows.batch
    )
    found = [from_arrow(answer.column(place), TYPES[position]) for place, position in enumerate(sound)]
    assert found == [column for place, column in enumerate(columns(rows, TYPES)) if place in sound]
    assert store.get(key(300), 100) == RowCodec(TYPES).encode(rows[300])


@pytest.mark.parametrize("head", [b"\x93", b"\x91\xa5", b"\x93\x93", b"\x9f", b"\xdc\xff", b"\x91\xdb\xff\xff\xff\xff"])
def test_bytes_that_are_no_rows_have_no_columns(head: bytes) -> None:
    """Opaque values that begin as rows of some columns do; arrays within arrays."""
    values = [head + (bytes([number]) if number % 2 else head) * (number % 9) for number in range(256)]
    values += [head * (number % 5 + 1) for number in range(300)]
    disk, store = asyncio.run(stored(values))
    assert streams(disk.read(store.segments[0].name))[0].schema == SCHEMA
    assert [store.get(key(number), 9) for number in range(len(values))] == values


def first_layout(disk: MemoryDisk, path: str, rows: Sequence[tuple[bytes, int, bytes | None]]) -> None:
    """A file as they were written before there were typed columns."""
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_file(sink, SCHEMA)
    empty = pa.record_batch([pa.array([], field.type) for field in SCHEMA], schema=SCHEMA)
    writer.write_batch(empty)
    offset = sink.tell()
    keys, times, values = zip(*rows, strict=True)
    writer.write_batch(pa.record_batch([pa.array(keys, pa.binary()), pa.array(times), pa.array(values)], schema=SCHEMA))
    end = sink.tell()
    written = sink.getvalue().to_pybytes()
    crc = google_crc32c.value(written[offset:end])
    block = [offset, end - offset, crc, len(rows), keys[0], keys[-1], min(times), max(times), None not in values]
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_file(sink, SCHEMA)
    writer.write_batch(empty)
    writer.write_batch(pa.record_batch([pa.array(keys, pa.binary()), pa.array(times), pa.array(values)], schema=SCHEMA))
    footer = with_checksum(msgspec.msgpack.encode([[block], len(rows), min(times), max(times)]))
    writer.write_batch(empty, custom_metadata={"footer": footer})
    writer.close()
    disk.files[path] = bytearray(sink.getvalue().to_pybytes())


def test_files_without_columns_are_read_and_get_columns_by_a_merge() -> None:
    codec = RowCodec(TYPES)
    disk = MemoryDisk()
    store = Store(disk)  # type: ignore[arg-type]
    first_layout(disk, "segments/1.arrow", [(key(number), 5, codec.encode(row)) for number, row in enumerate(ROWS)])
    old = Segment(disk, "segments/1.arrow")  # type: ignore[arg-type]
    assert old.get(key(7), 9, True) == (5, codec.encode(ROWS[7]))
    store.segments = [old]
    assert scanned(store, TYPES) == columns(ROWS, TYPES)
    asyncio.run(Maintenance(store, 8).merge_run([old], 0))
    assert store.segments[0].types(SPACE) is not None
    with patch.object(block_scan, "columns_of", side_effect=AssertionError("rows are decoded")):
        assert scanned(store, TYPES) == columns(ROWS, TYPES)


def test_a_clipped_segment_has_columns_of_the_same_types() -> None:
    disk, store = asyncio.run(stored(list(map(RowCodec(TYPES).encode, ROWS)), TYPES))
    half = ((300).to_bytes(4, "big"), None)
    assert asyncio.run(clip(disk, store.segments[0], "clipped", [half]))  # type: ignore[arg-type]
    assert Segment(disk, "clipped").types(SPACE) == TYPES  # type: ignore[arg-type]
    assert Segment(disk, "clipped").footer.rows == 300 + 1  # type: ignore[arg-type]


def test_a_staged_segment_has_columns() -> None:
    disk = MemoryDisk()
    writer = SegmentWriter(disk.open("untimed"), {SPACE: TYPES}.get)
    values = pa.array(list(map(RowCodec(TYPES).encode, ROWS)), pa.binary())
    writer.add_untimed(pa.array([key(number) for number in range(len(ROWS))], pa.binary()), values)
    writer.finish()
    store = Store(disk)  # type: ignore[arg-type]
    store.segments = [Segment(disk, "untimed", 77)]  # type: ignore[arg-type]
    assert scanned(store, TYPES) == columns(ROWS, TYPES)
    assert scanned(store, TYPES, 76) == [[] for _ in TYPES]


def test_blocks_of_wide_rows_have_fewer_rows() -> None:
    """What one turn of the loop makes columns of is bounded by values, however the rows come."""
    wide = [[number % 2 == 0] * 100 for number in range(3000)]
    encoded = [RowCodec([ColumnType("bool")] * 100).encode(row) for row in wide]
    _, store = asyncio.run(stored(encoded))
    writer = SegmentWriter(MemoryDisk().open("x"))
    assert max(block.rows for block in store.segments[0].footer.blocks) <= VALUES_MAX // 100 + SLICE_ROWS
    assert block_rows_max(encoded[0]) == VALUES_MAX // 100
    assert block_rows_max(None) == block_rows_max(b"") == BLOCK_ROWS_MAX
    writer.add_block(store.segments[0].block(0))
    assert writer.finish().sections == store.segments[0].footer.sections


def test_a_block_of_more_uuids_than_any_before() -> None:
    uuids = [number.to_bytes(16, "big") if number % 3 else None for number in range(50_000)]
    for size in (300, 50_000):
        column = unpacked(packed(ColumnType("uuid"), pa.array(uuids[:size], pa.binary())))
        column.validate(full=True)
        assert column.slice(7).to_pylist() == uuids[7:size]


@pytest.mark.parametrize("piece_rows", [block_rows_max(RowCodec(TYPES).encode(ROWS[0])) // 4 + 10, 1000])
def test_blocks_of_a_large_transaction_are_full_whatever_its_pieces(piece_rows: int) -> None:
    """Few rows between two blocks would have no columns."""
    encoded = [RowCodec(TYPES).encode(ROWS[number % len(ROWS)]) for number in range(10 * piece_rows)]
    store = Store(MemoryDisk())  # type: ignore[arg-type]
    staging = Staging(store)
    for number, low in enumerate(range(0, len(encoded), piece_rows)):
        rows = encoded[low : low + piece_rows]
        keys = [key(low + place) for place in range(len(rows))]
        piece = write_set.encode(keys, rows, [write_set.PUT] * len(keys))
        assert staging.take(Stage(1, 1, 1, b"large", number, [piece]))
    message = Deliver(1, 1, 0, [], [], [], 2, [(2, 1, b"large", 10)])
    assert staging.complete(message, 1)
    staging.apply(message, 1)
    [segment] = [source for source in store.sources if isinstance(source, Segment)]
    *full, _ = [block.rows for block in segment.footer.blocks]
    assert full == [block_rows_max(encoded[0])] * len(full)
    assert len(segment.footer.sections) == 1
