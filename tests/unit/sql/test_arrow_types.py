"""Datums to Arrow and back."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from actors.common.errors import DatabaseError
from actors.sql.encoding.arrow_types import arrow_type, from_arrow, to_arrow
from actors.sql.types.column_type import ColumnType

NUMERIC_12_2 = ColumnType("numeric", ((12 << 16) | 2) + 4)
INT64_MAX = 2**63 - 1

ROUND_TRIPS = [
    ("bool", [True, None, False]),
    ("int2", [-32768, None, 32767]),
    ("int4", [-(2**31), 2**31 - 1]),
    ("int8", [-(2**63), None, INT64_MAX]),
    ("float4", [1.5, None, float("inf")]),
    ("float8", [0.1, -0.0]),
    ("text", ["", None, "žluť"]),
    ("bpchar", ["ab"]),
    ("bytea", [b"", b"\x00\xff", None]),
    ("uuid", [bytes(range(16))]),
    ("date", [0, None, -10957, 2147483647, -2147483648, -(2**31) + 1, -2451545]),
    ("date", [8000, 1]),
    ("time", [0, 86_400_000_000, None]),
    ("timestamp", [0, None, 86_400_000_000]),
    ("timestamptz", [0, INT64_MAX, -(2**63), -211_813_488_000_000_000]),
    ("interval", [(1, -2, 3_000_000), None, (0, 0, -1)]),
    ("numeric", [Decimal("1.50"), None, Decimal("NaN"), Decimal("1E+3"), Decimal("-Infinity")]),
]


@pytest.mark.parametrize(("name", "datums"), ROUND_TRIPS)
def test_round_trip(name: str, datums: list) -> None:  # type: ignore[type-arg]
    kind = ColumnType(name)
    array = to_arrow(datums, kind)
    assert array.type == arrow_type(kind)
    assert from_arrow(array, kind) == datums or name == "numeric"
    assert [str(datum) for datum in from_arrow(pa.chunked_array([array, array]), kind)] == [
        str(Decimal(format(datum, "f"))) if isinstance(datum, Decimal) else str(datum) for datum in datums * 2
    ]


def test_epochs() -> None:
    assert to_arrow([0], ColumnType("date")).to_pylist()[0].isoformat() == "2000-01-01"
    assert to_arrow([1], ColumnType("timestamptz")).to_pylist()[0].isoformat() == "2000-01-01T00:00:00.000001+00:00"


def test_numeric_with_a_modifier_is_a_decimal() -> None:
    array = to_arrow([Decimal("10.50"), None, Decimal("-0.01")], NUMERIC_12_2)
    assert array.type == pa.decimal128(38, 2)
    assert [str(datum) for datum in from_arrow(array, NUMERIC_12_2)] == ["10.50", "None", "-0.01"]
    assert arrow_type(ColumnType("numeric", ((39 << 16) | 2) + 4)) == pa.utf8()


@pytest.mark.parametrize(
    ("kind", "datum", "sqlstate"),
    [
        (NUMERIC_12_2, Decimal("NaN"), "0A000"),
        (NUMERIC_12_2, Decimal("Infinity"), "0A000"),
        (ColumnType("timestamp"), INT64_MAX - 1, "22008"),
        (ColumnType("interval"), (0, 0, 2**62), "22008"),
    ],
)
def test_what_arrow_cannot_hold_is_an_error(kind: ColumnType, datum: object, sqlstate: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        to_arrow([None, datum], kind)
    assert caught.value.sqlstate == sqlstate


def test_wider_arrow_types_are_accepted() -> None:
    assert from_arrow(pa.array([1, None], pa.int64()), ColumnType("int4")) == [1, None]
    assert from_arrow(pa.array(["a", None], pa.large_utf8()), ColumnType("text")) == ["a", None]
    assert from_arrow(pa.array(["a", None]).dictionary_encode(), ColumnType("varchar")) == ["a", None]
