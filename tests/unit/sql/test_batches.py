"""Rows and keys encoded together are, byte for byte, what they are one by one."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.sql.encoding.arrow_types import from_arrow, to_arrow
from actors.sql.encoding.key_batches import KeyBatches
from actors.sql.encoding.keys import KeyCodec
from actors.sql.encoding.row_batches import encode_rows
from actors.sql.encoding.rows import RowCodec
from actors.sql.types.column_type import ColumnType
from tests.unit.sql.test_keys import DATUMS
from tests.unit.sql.test_row_columns import KINDS

EDGES = sorted(
    {sign * (1 << bits) + by for bits in (0, 5, 7, 8, 15, 16, 31, 32, 62) for sign in (1, -1) for by in (-1, 0, 1)}
)
MORE: list[tuple[ColumnType, st.SearchStrategy[Any]]] = [
    (ColumnType("int8"), st.sampled_from([*EDGES, 2**63 - 1, -(2**63)])),
    (ColumnType("text"), st.sampled_from(["x" * size for size in (0, 31, 32, 255, 256, 65_535, 65_536)])),
    (ColumnType("timestamptz"), st.sampled_from([-(2**63), 2**63 - 1, 0])),
    (ColumnType("numeric", (30 << 16 | 12) + 4), st.decimals(-(10**9), 10**9, places=12)),
    (ColumnType("interval"), st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(-(10**9), 10**9))),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[ColumnType, ...], list[list[Any]]]:
    kinds = draw(st.lists(st.sampled_from([*KINDS, *MORE]), min_size=1, max_size=20))
    row = st.tuples(*(st.none() | values for _, values in kinds)).map(list)
    return tuple(type_ for type_, _ in kinds), draw(st.lists(row, min_size=1, max_size=12))


def _columns(rows: list[list[Any]], types: tuple[ColumnType, ...]) -> list[pa.Array]:
    """Some of them parts of longer arrays."""
    columns = []
    for position, type_ in enumerate(types):
        datums = [row[position] for row in rows]
        columns.append(to_arrow([datums[0], None, *datums, None], type_).slice(2, len(datums)))
    return columns


def test_integers_of_every_size() -> None:
    numbers = [*EDGES, None, -33, -32, -31, 2**63 - 1, -(2**63)]
    types = (ColumnType("int8"),)
    encode = RowCodec(types).encode
    for one in (numbers, *([number] * 2 for number in numbers)):
        assert encode_rows([pa.array(one, pa.int64())], types).to_pylist() == [encode((number,)) for number in one]


@settings(deadline=None, max_examples=300)
@given(tables(), st.booleans())
def test_rows(table: tuple[tuple[ColumnType, ...], list[list[Any]]], last_absent: bool) -> None:
    types, rows = table
    columns: list[pa.Array | None] = list(_columns(rows, types))
    # What a column gives back: a decimal of the type's scale, a float of its width.
    datums = [from_arrow(column, type_) for column, type_ in zip(columns, types, strict=True)]
    if last_absent and len(types) > 1:
        columns[-1], datums[-1] = None, [None] * len(rows)
    encode = RowCodec(types).encode
    assert encode_rows(columns, types).to_pylist() == [encode(row) for row in zip(*datums, strict=True)]


KEYED = sorted(set(DATUMS) - {"numeric", "interval"})


@st.composite
def keys(draw: st.DrawFn) -> tuple[list[ColumnType], list[bool], list[bool], list[list[Any]]]:
    names = draw(st.lists(st.sampled_from(KEYED), min_size=1, max_size=4))
    flags = st.lists(st.booleans(), min_size=len(names), max_size=len(names))
    row = st.tuples(*(st.none() | DATUMS[name] for name in names)).map(list)
    rows = draw(st.lists(row, min_size=1, max_size=12))
    return [ColumnType(name) for name in names], draw(flags), draw(flags), rows


@settings(deadline=None, max_examples=300)
@given(keys())
def test_keys(drawn: tuple[list[ColumnType], list[bool], list[bool], list[list[Any]]]) -> None:
    types, descending, nulls_first, rows = drawn
    for row in rows:  # Arrow has no instant so late, and no time of day at the end of the day
        for place, type_ in enumerate(types):
            if row[place] is not None and type_.name in ("date", "timestamp", "timestamptz"):
                row[place] = min(max(row[place], -(10**9)), 10**9)
    columns = _columns(rows, tuple(types))
    encode = KeyCodec(types, descending, nulls_first).encode
    made = KeyBatches(types, descending, nulls_first).encode(b"space", columns, pa.array([b"end"] * len(rows)))
    assert made.to_pylist() == [b"space" + encode(row) + b"end" for row in rows]


def test_infinite_times_are_keys() -> None:
    type_ = ColumnType("timestamptz")
    datums = [-(2**63), 0, None, 2**63 - 1]
    made = KeyBatches([type_]).encode(b"", [to_arrow(datums, type_)])
    assert made.to_pylist() == [KeyCodec([type_]).encode([datum]) for datum in datums]
