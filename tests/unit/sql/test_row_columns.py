"""Rows decoded together are what they are one by one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.sql.encoding.arrow_types import to_arrow
from actors.sql.encoding.row_columns import NotPlain, all_columns, columns_of
from actors.sql.encoding.rows import RowCodec
from actors.sql.types.column_type import ColumnType

NUMERIC = ColumnType("numeric", (20 << 16 | 4) + 4)
KINDS: list[tuple[ColumnType, st.SearchStrategy[Any]]] = [
    (ColumnType("bool"), st.booleans()),
    (ColumnType("int2"), st.integers(-(2**15), 2**15 - 1)),
    (ColumnType("int4"), st.integers(-(2**31), 2**31 - 1)),
    (ColumnType("int8"), st.integers(-(2**63), 2**63 - 1)),
    (ColumnType("float8"), st.floats()),
    (ColumnType("float4"), st.floats(width=32)),
    (
        ColumnType("text"),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40) | st.just("x" * 300),
    ),
    (ColumnType("bytea"), st.binary(max_size=40) | st.just(b"\xc0" * 70_000)),
    (ColumnType("uuid"), st.binary(min_size=16, max_size=16)),
    (NUMERIC, st.decimals(-(10**15), 10**15, places=4)),
    (ColumnType("numeric"), st.decimals(-(10**15), 10**15, places=3)),
    (ColumnType("date"), st.integers(-(10**6), 10**6) | st.just(2**31 - 1)),
    (ColumnType("time"), st.integers(0, 86_399_999_999)),
    (ColumnType("timestamp"), st.integers(-(10**17), 10**17) | st.just(2**63 - 1)),
    (ColumnType("timestamptz"), st.integers(-(10**15), 10**15)),
    (
        ColumnType("interval"),
        st.tuples(st.integers(-(2**31) + 1, 2**31 - 1), st.integers(-99, 99), st.integers(-(2**53), 2**53)),
    ),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[ColumnType, ...], list[list[Any] | None]]:
    """Types, and rows that may lack their last columns; None is no row."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=20))
    width = len(kinds)
    row = st.tuples(*(st.none() | values for _, values in kinds)).flatmap(
        lambda whole: st.integers(0, width).map(lambda kept: list(whole[:kept]) if kept < 2 else list(whole))
    )
    return tuple(type_ for type_, _ in kinds), draw(st.lists(st.none() | row, min_size=1, max_size=12))


@pytest.mark.parametrize("value", [b"\x93" * 7, b"\x91\xdb\xff\xff\xff\xff", b"\x9f", b"\xdc", b"\x92\x01"])
def test_bytes_that_are_no_rows(value: bytes) -> None:
    """Arrays within arrays, lengths beyond the end, too few columns."""
    assert all_columns(pa.array([value], pa.binary()), ()) == {}


@settings(deadline=None, max_examples=300)
@given(tables(), st.integers(0, 3))
def test_together_as_one_by_one(table: tuple[tuple[ColumnType, ...], list[list[Any] | None]], skipped: int) -> None:
    types, rows = table
    codec = RowCodec(types)
    encoded = pa.array(
        [None] * skipped + [None if row is None else codec.encode(row) for row in rows], pa.binary()
    ).slice(skipped)
    try:
        columns = columns_of(encoded, range(len(types)), types)
    except NotPlain:
        assert all(row is None for row in rows) or any(
            "E" in str(value) for row in rows if row for value in row if isinstance(value, Decimal)
        )
        return
    nothing = [None] * len(types)
    for position, type_ in enumerate(types):
        datums = [nothing[position] if row is None else (row + nothing)[position] for row in rows]
        column = columns[position]
        column.validate(full=True)
        expected = to_arrow(datums, type_)
        is_float = pa.types.is_floating(expected.type)
        assert str(column) == str(expected) and column.type == expected.type if is_float else column.equals(expected), (
            type_
        )


@pytest.mark.parametrize(
    ("type_", "datum"),
    [
        (ColumnType("interval"), (1, 2, 2**62)),
        (ColumnType("interval"), 3),
        (ColumnType("numeric"), Decimal("1E+3")),
        (NUMERIC, Decimal("NaN")),
        (ColumnType("int4"), "text"),
        (ColumnType("text"), 7),
        (ColumnType("int2"), 70_000),
        (ColumnType("int8"), 2**63),
        (ColumnType("bool"), 1),
        (ColumnType("float8"), 1),
        (ColumnType("bytea"), "text"),
    ],
)
def test_what_is_decoded_one_by_one(type_: ColumnType, datum: Any) -> None:
    codec = RowCodec([type_])
    with pytest.raises(NotPlain):
        columns_of(pa.array([codec.encode([datum])], pa.binary()), [0], (type_,))
