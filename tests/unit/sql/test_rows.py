"""Rows: every datum comes back as it was, shorter rows are padded."""

from __future__ import annotations

from decimal import Decimal

from actors.sql.encoding.rows import RowCodec
from actors.sql.types.column_type import ColumnType


def codec(*names: str) -> RowCodec:
    return RowCodec([ColumnType(name) for name in names])


def test_every_datum_comes_back() -> None:
    rows = codec("bool", "int8", "float8", "numeric", "text", "bytea", "interval", "numeric")
    row = [True, -(2**63), 1.0, Decimal("1.500"), "é\0", b"\xff\0", (1, -2, 3), Decimal("NaN")]
    back = rows.decode(rows.encode(row))
    assert back[:7] == row[:7] and [type(value) for value in back] == [type(value) for value in row]
    assert str(back[3]) == "1.500" and back[7].is_nan()
    assert rows.decode(rows.encode([None] * 8)) == [None] * 8


def test_numerics_keep_scale_and_exponent() -> None:
    for text in ("0.000", "-0.10", "100", "1E-20", "Infinity"):
        rows = codec("numeric")
        assert str(rows.decode(rows.encode((Decimal(text),)))[0]) == text


def test_a_row_written_before_columns_were_added_is_padded() -> None:
    assert codec("int4", "text", "numeric").decode(codec("int4").encode([7])) == [7, None, None]


def test_infinite_floats() -> None:
    rows = codec("float8", "float8")
    assert rows.decode(rows.encode([float("inf"), float("-inf")])) == [float("inf"), float("-inf")]
