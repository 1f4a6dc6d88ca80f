"""COPY (FORMAT arrow): what goes out comes back in, over any division of the bytes; what a hostile client sends is
refused."""

from __future__ import annotations

import random
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from actors.common.errors import DatabaseError
from actors.postgres.copy import copy_decoder, copy_encoder, has_more
from actors.postgres.copy_arrow import SLICE_ROWS
from actors.sql.results import CopyIn, CopyOptions, CopyOut
from actors.sql.types.column_type import ColumnType

ARROW = CopyOptions(format="arrow")
NUMERIC_8_2 = ColumnType("numeric", (8 << 16 | 2) + 4)
VALUES: dict[str, tuple[ColumnType, list[Any]]] = {
    "bool": (ColumnType("bool"), [True, False]),
    "int2": (ColumnType("int2"), [-(2**15), 2**15 - 1]),
    "int4": (ColumnType("int4"), [-(2**31), 2**31 - 1]),
    "int8": (ColumnType("int8"), [-(2**63), 2**63 - 1]),
    "float4": (ColumnType("float4"), [0.5, float("-inf")]),
    "float8": (ColumnType("float8"), [-0.1, 1e300]),
    "numeric": (
        ColumnType("numeric"),
        [Decimal("1.50"), Decimal("12345678901234567890123456789012345678901234567890")],
    ),
    "numeric(8,2)": (NUMERIC_8_2, [Decimal("1.50"), Decimal("-999999.99")]),
    "text": (ColumnType("text"), ["", "é\n\t\\"]),
    "varchar": (ColumnType("varchar", 14), ["ten", "0123456789"]),
    "bytea": (ColumnType("bytea"), [b"", b"\0\xff"]),
    "uuid": (ColumnType("uuid"), [uuid.UUID(int=0).bytes, uuid.UUID(int=2**128 - 1).bytes]),
    "date": (ColumnType("date"), [-2451507, 2145031948, 2**31 - 1]),
    "time": (ColumnType("time"), [0, 86_399_999_999]),
    "timestamp": (ColumnType("timestamp"), [-(10**15), 10**15, 2**63 - 1]),
    "timestamptz": (ColumnType("timestamptz"), [-1, 0]),
    "interval": (ColumnType("interval"), [(1, -2, 3), (0, 0, 0)]),
}


def sent(columns: tuple[str, ...], types: tuple[ColumnType, ...], rows: list[Any]) -> bytes:
    encoder = copy_encoder(CopyOut(columns, types, ARROW), None)
    return b"".join([*encoder.header(), *encoder.rows(rows), *encoder.trailer()])


def received(types: tuple[ColumnType, ...], data: bytes, piece: int = 1 << 20, bytes_max: int = 1 << 20) -> list[Any]:
    decoder = copy_decoder(
        CopyIn(tuple(f"c{place}" for place in range(len(types))), types, ARROW, "t"), None, bytes_max
    )
    rows: list[Any] = []
    for low in range(0, len(data), piece):
        rows += decoder.feed(data[low : low + piece])
        while has_more(decoder):
            rows += decoder.feed(b"")
    return rows + decoder.finish()


@pytest.mark.parametrize("name", VALUES)
def test_every_type_comes_back(name: str) -> None:
    type_, datums = VALUES[name]
    rows = [(datum,) for datum in [*datums, None]]
    data = sent(("c",), (type_,), rows)
    assert received((type_,), data) == rows
    assert received((type_,), data, piece=1) == rows
    assert pa.ipc.open_stream(data).read_all().num_rows == len(rows)


def test_many_rows_come_in_slices() -> None:
    types = tuple(type_ for type_, _ in VALUES.values())
    rows = [tuple(datums[number % 2] for _, datums in VALUES.values()) for number in range(3 * SLICE_ROWS + 1)]
    data = sent(tuple(VALUES), types, rows)
    assert received(types, data, piece=1000) == rows
    decoder = copy_decoder(CopyIn(tuple(VALUES), types, ARROW, "t"), None, 1 << 20)
    assert len(decoder.feed(data)) == SLICE_ROWS and has_more(decoder)


def test_two_batches_in_one_piece_are_both_read() -> None:
    encoder = copy_encoder(CopyOut(("c",), (ColumnType("int4"),), ARROW), None)
    data = b"".join([*encoder.header(), *encoder.rows([(1,)]), *encoder.rows([]), *encoder.rows([(2,)])])
    assert received((ColumnType("int4"),), data) == [(1,), (2,)]


def batch_of(*arrays: pa.Array) -> bytes:
    batch = pa.record_batch(list(arrays), names=[f"n{place}" for place in range(len(arrays))])
    return bytes(batch.schema.serialize()) + bytes(batch.serialize())


@pytest.mark.parametrize(
    ("array", "name", "datum"),
    [
        (pa.array([7], pa.uint64()), "int2", 7),
        (pa.array([7], pa.int64()), "float8", 7.0),
        (pa.array(["7"]), "int8", 7),
        (pa.array(["7.10"], pa.large_string()), "numeric", Decimal("7.10")),
        (pa.array([7], pa.int8()), "numeric", Decimal(7)),
        (pa.array([1.005]), "numeric(8,2)", Decimal("1.01")),
        (pa.array([Decimal("1.005")]), "numeric(8,2)", Decimal("1.01")),
        (pa.array(["00000000-0000-0000-0000-000000000001"]), "uuid", uuid.UUID(int=1).bytes),
        (pa.array([uuid.UUID(int=1).bytes], pa.uuid()), "uuid", uuid.UUID(int=1).bytes),
        (pa.array([0], pa.timestamp("s", "Europe/Berlin")), "timestamptz", -946_684_800_000_000),
        (pa.nulls(1), "date", None),
        (pa.array(["x"], pa.string_view()), "text", "x"),
    ],
)
def test_other_arrow_types_are_read_where_they_mean_the_same(array: pa.Array, name: str, datum: Any) -> None:
    assert received((VALUES[name][0],), batch_of(array)) == [(datum,)]


@pytest.mark.parametrize(
    ("array", "name", "sqlstate"),
    [
        (pa.array([40_000]), "int2", "22P04"),
        (pa.array([0.5]), "int4", "42804"),
        (pa.array(["x"]), "int4", "22P02"),
        (pa.array([1]), "text", "42804"),
        (pa.array([True]), "int4", "42804"),
        (pa.array(["a\0b"]), "text", "22021"),
        (pa.array(["0123456789x"]), "varchar", "22001"),
        (pa.array([Decimal("1234567.00")]), "numeric(8,2)", "22003"),
        (pa.array([b"short"]), "uuid", "22P04"),
        (pa.array([0], pa.timestamp("us")), "timestamptz", "42804"),
        (pa.array([2**31 - 2], pa.int32()).view(pa.date32()), "date", "22008"),
        (pa.array([-(2**62)], pa.int64()).view(pa.timestamp("us")), "timestamp", "22008"),
        (pa.array([86_400_000_001], pa.int64()).view(pa.time64("us")), "time", "22P04"),
        (pa.array([[1]]), "int4", "0A000"),
        (pa.array(["x"]).dictionary_encode(), "text", "0A000"),
    ],
)
def test_what_does_not_fit_is_refused(array: pa.Array, name: str, sqlstate: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        received((VALUES[name][0],), batch_of(array))
    assert refused.value.sqlstate == sqlstate, refused.value.message


def test_streams_that_are_none() -> None:
    int4 = (ColumnType("int4"),)
    good = batch_of(pa.array([1], pa.int32()))
    schema = len(pa.record_batch([pa.array([1], pa.int32())], names=["n0"]).schema.serialize())
    for text in ("", "1\t2\n"):
        with pytest.raises(DatabaseError, match="no Arrow IPC stream"):
            received(int4, text.encode())
    with pytest.raises(DatabaseError, match="unexpected EOF"):
        received(int4, good[:-1])
    with pytest.raises(DatabaseError, match="out of order"):
        received(int4, good[schema:])
    with pytest.raises(DatabaseError, match="has 1 columns, expected 2"):
        received(int4 * 2, good)
    with pytest.raises(DatabaseError, match="after EOF"):
        received(int4, good + b"\xff\xff\xff\xff\0\0\0\0" + b"more")
    with pytest.raises(DatabaseError, match="too long"):
        received(int4, good, bytes_max=64)
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([pa.array([1] * 1000, pa.int32())], names=["n0"])
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    with pytest.raises(DatabaseError, match="compressed"):
        received(int4, sink.getvalue().to_pybytes())


def test_no_flipped_byte_gives_anything_but_rows_or_an_error() -> None:
    types = (ColumnType("int4"), ColumnType("text"))
    data = bytearray(batch_of(pa.array([1, 2, None], pa.int32()), pa.array(["a", None, "ccc"])))
    chance = random.Random(7)
    for _ in range(2000):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] = chance.randrange(256)
        try:
            rows = received(types, bytes(changed), bytes_max=1 << 16)
        except DatabaseError:
            continue
        assert all(len(row) == 2 for row in rows)
