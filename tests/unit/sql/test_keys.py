"""Byte order is SQL order, for every type, NULL placement and direction; decoding gives back an equal datum."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.sql.encoding.keys import KeyCodec, keyspace, prefix_end
from actors.sql.types.column_type import ColumnType


def integers(bits: int) -> st.SearchStrategy[int]:
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    return st.one_of(st.integers(low, high), st.sampled_from([low, low + 1, -1, 0, 1, high - 1, high]))


numerics = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12),
    st.builds(
        lambda sign, digits, exponent: Decimal((sign, tuple(digits), exponent)),
        st.sampled_from([0, 1]),
        st.lists(st.integers(0, 9), min_size=1, max_size=40),
        st.integers(-500, 500),
    ),
    st.sampled_from(
        [Decimal(t) for t in ("NaN", "Infinity", "-Infinity", "0", "0.00", "-0", "1.0", "1.00", "10", "-0.01")]
    ),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
intervals = st.tuples(integers(32), integers(32), integers(64))
DATUMS: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int2": integers(16),
    "int4": integers(32),
    "int8": integers(64),
    "date": integers(32),
    "time": st.integers(0, 86_400_000_000),
    "timestamp": integers(64),
    "timestamptz": integers(64),
    "float8": st.floats(),
    "float4": st.floats(width=32),
    "numeric": numerics,
    "text": st.one_of(texts, st.sampled_from(["", "\0", "\0\0", "a", "a\0", "a\0\x01", "ab", "\U0010ffff"])),
    "bpchar": texts,
    "bytea": st.one_of(
        st.binary(max_size=6), st.lists(st.sampled_from([b"\0", b"\1", b"\xfe", b"\xff"]), max_size=4).map(b"".join)
    ),
    "uuid": st.one_of(st.binary(min_size=16, max_size=16), st.sampled_from([b"\0" * 16, b"\xff" * 16])),
    "interval": st.one_of(intervals, st.tuples(st.integers(-2, 2), st.integers(-60, 60), st.just(0))),
}


def sql_rank(name: str, datum: Any) -> Any:
    """A value whose Python order is the type's SQL order."""
    if name in ("float4", "float8"):
        return (1, 0.0) if math.isnan(datum) else (0, datum)
    if name == "numeric":
        return (1, Decimal(0)) if datum.is_nan() else (0, datum)
    if name == "bpchar":
        return datum.rstrip(" ").encode()
    if name == "text":
        return datum.encode()
    if name == "interval":
        return (datum[0] * 30 + datum[1]) * 86_400_000_000 + datum[2]
    return datum


def compare(name: str, descending: bool, nulls_first: bool, one: Any, other: Any) -> int:
    if one is None or other is None:
        if one is None and other is None:
            return 0
        return -1 if (one is None) == nulls_first else 1
    left, right = sql_rank(name, one), sql_rank(name, other)
    order = (left > right) - (left < right)
    return -order if descending else order


@pytest.mark.parametrize("name", DATUMS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_byte_order_is_sql_order(name: str, data: st.DataObject) -> None:
    descending, nulls_first = data.draw(st.booleans()), data.draw(st.booleans())
    one, other = (data.draw(st.one_of(st.none(), DATUMS[name])) for _ in range(2))
    codec = KeyCodec([ColumnType(name)], [descending], [nulls_first])
    left, right = codec.encode([one]), codec.encode([other])
    assert (left > right) - (left < right) == compare(name, descending, nulls_first, one, other)
    for datum, encoded in ((one, left), (other, right)):
        (back,) = codec.decode(encoded)
        assert compare(name, False, True, back, datum) == 0
        assert codec.decode_with_end(encoded + b"\x00\xff\x01")[1] == len(encoded)


COLUMN = st.tuples(st.sampled_from(sorted(DATUMS)), st.booleans(), st.booleans())


@settings(max_examples=300, deadline=None)
@given(columns=st.lists(COLUMN, min_size=2, max_size=3), data=st.data())
def test_composites_sort_by_their_columns_and_prefixes_are_byte_prefixes(
    columns: list[tuple[str, bool, bool]], data: st.DataObject
) -> None:
    codec = KeyCodec(
        [ColumnType(name) for name, _, _ in columns], [d for _, d, _ in columns], [n for _, _, n in columns]
    )
    rows = [[data.draw(st.one_of(st.none(), DATUMS[name])) for name, _, _ in columns] for _ in range(2)]
    if data.draw(st.booleans()):
        rows[1][0] = rows[0][0]
    left, right = codec.encode(rows[0]), codec.encode(rows[1])
    orders = [compare(*column, one, other) for column, one, other in zip(columns, *rows, strict=True)]
    assert (left > right) - (left < right) == next((order for order in orders if order), 0)
    for width in range(len(columns) + 1):
        prefix = codec.encode(rows[0][:width])
        assert left.startswith(prefix)
        assert not prefix or prefix.strip(b"\xff") == b"" or prefix <= left < prefix_end(prefix)
        assert len(codec.decode(prefix)) == width


def test_integers_and_uuids_begin_with_their_own_bytes() -> None:
    assert KeyCodec([ColumnType("int4")]).encode([1]) == b"\x80\x00\x00\x01"
    assert KeyCodec([ColumnType("uuid")]).encode([b"\x12" + bytes(15)]) == b"\x12" + bytes(15)


def test_decoded_numeric_has_the_scale_of_its_type() -> None:
    codec = KeyCodec([ColumnType("numeric", ((10 << 16) | 3) + 4)])
    assert str(codec.decode(codec.encode([Decimal("1.500")]))[0]) == "1.500"
    assert str(codec.decode(codec.encode([Decimal("0.000")]))[0]) == "0.000"
    assert str(codec.decode(codec.encode([Decimal("1200.000")]))[0]) == "1200.000"


def test_keyspaces() -> None:
    assert keyspace(1, 2) == b"\0\0\0\1\0\2"
    assert prefix_end(b"\0\xff\xff") == b"\1"
    assert prefix_end(keyspace(1, 2)) == keyspace(1, 3)
