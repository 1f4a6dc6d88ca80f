"""Columns as DataRow messages: the very bytes that the row encoder makes of the same rows."""

from __future__ import annotations

from datetime import UTC, tzinfo
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from actors.postgres.columns import COLUMNS_ROWS_MIN, PieceEncoder
from actors.postgres.formats import row_encoder
from actors.sql.encoding.arrow_types import from_arrow, to_arrow
from actors.sql.types.column_type import ColumnType

ROWS = 2 * COLUMNS_ROWS_MIN
NUMERIC = ColumnType("numeric", (12 << 16 | 3) + 4)
TINY = ColumnType("numeric", (38 << 16 | 12) + 4)
VALUES: dict[ColumnType, list[Any]] = {
    ColumnType("bool"): [True, False, None],
    ColumnType("int2"): [0, -1, 32767, -32768, None],
    ColumnType("int4"): [0, 7, -1, 2**31 - 1, -(2**31), None],
    ColumnType("int8"): [0, 10**12, -1, 2**63 - 1, -(2**63), None],
    ColumnType("float4"): [0.0, 1.5, -2.25, None],
    ColumnType("float8"): [0.0, 0.1, 1e300, -1e-300, float("inf"), float("-inf"), float("nan"), None],
    ColumnType("text"): ["", "a", "å漢🦅" * 99, "x" * 300, None],
    ColumnType("varchar"): ["abc", None],
    ColumnType("bpchar", 9): ["ab", "", None],
    ColumnType("bytea"): [b"", b"\x00\xff", None],
    ColumnType("uuid"): [bytes(range(16)), None],
    ColumnType("date"): [0, -10957, 9000, -719162, 2921939, None],
    ColumnType("time"): [0, 1, 86_399_999_999, 3_600_000_000, None],
    ColumnType("timestamp"): [0, 1, 1_500_000, -1, 10**15, 86_400_000_000 * 2921939 + 86_399_999_999, None],
    ColumnType("timestamptz"): [0, 1, 1_500_000, -1, 700_000_000_000_000, None],
    ColumnType("interval"): [(1, 2, 3_000_000), (0, 0, 0), None],
    NUMERIC: [Decimal("1.500"), Decimal("-0.001"), Decimal("0.000"), Decimal("123456789.000"), None],
    TINY: [Decimal("0.000000000001"), Decimal("12.000000000000"), None],
    ColumnType("numeric"): [Decimal("1.50"), Decimal("3"), None],
}
EXTREMES: dict[ColumnType, list[Any]] = {
    ColumnType("date"): [0, 2**31 - 1, -(2**31), -800_000, 3_000_000],
    ColumnType("timestamp"): [0, 2**63 - 1, -(2**63), 400_000_000_000_000_000, -100_000_000_000_000_000],
    ColumnType("timestamptz"): [0, 2**63 - 1, -(2**63), -100_000_000_000_000_000],
}


class Rows:
    """results.Piece of columns as storage has them."""

    def __init__(self, types: list[ColumnType], columns: list[list[Any]]) -> None:
        self._types = types
        arrays = [to_arrow(column, type_) for type_, column in zip(types, columns, strict=True)]
        arrays = [array.cast(pa.timestamp("us")) if pa.types.is_timestamp(array.type) else array for array in arrays]
        # A slice of a larger batch, as pieces are.
        whole = pa.record_batch(
            [pa.concat_arrays([array, array]) for array in arrays], [f"c{number}" for number in range(len(types))]
        )
        self.batch = whole.slice(len(columns[0]) // 2, len(columns[0]))

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    @property
    def nbytes(self) -> int:
        return int(self.batch.nbytes)

    def datums(self, column: int) -> list[Any]:
        return from_arrow(self.batch.column(column), self._types[column])

    def rows(self) -> list[tuple[Any, ...]]:
        return list(zip(*(self.datums(number) for number in range(len(self._types))), strict=True))


def check(types: list[ColumnType], columns: list[list[Any]], codes: tuple[int, ...], zone: tzinfo) -> None:
    piece = Rows(types, columns)
    by_row = row_encoder(tuple(types), codes, zone)
    one, other = bytearray(b"before"), bytearray(b"before")
    PieceEncoder(types, codes, zone, by_row)(piece, one)
    by_row(piece.rows(), other)
    assert one == other


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), ZoneInfo("Europe/Stockholm")])
def test_every_type(code: int, zone: tzinfo) -> None:
    random = Random(1)
    types = list(VALUES)
    columns = [[random.choice(VALUES[type_]) for _ in range(ROWS)] for type_ in types]
    check(types, columns, (code,) * len(types), zone)
    for type_ in types:
        check([type_], [[random.choice(VALUES[type_]) for _ in range(ROWS)]], (code,), zone)
        check([type_], [[None] * ROWS], (code,), zone)
        check([type_], [[VALUES[type_][0]] * ROWS], (code,), zone)


@pytest.mark.parametrize("type_", list(EXTREMES), ids=lambda type_: type_.name)
def test_infinities_and_far_years(type_: ColumnType) -> None:
    random = Random(2)
    check([type_], [[random.choice(EXTREMES[type_]) for _ in range(ROWS)]], (0,), UTC)


def test_a_few_rows_and_no_columns() -> None:
    check([ColumnType("int4")], [[1, None]], (0,), UTC)
