"""Datums as typed Arrow columns, and back: for storage's column scans and for the column executor.

What it promises: `from_arrow(to_arrow(datums, type), type) == datums`, or an error where Arrow's type cannot hold a
value; never a changed value.

| type | Arrow |
| --- | --- |
| bool | bool |
| int2 int4 int8 | int16 int32 int64 |
| float4 float8 | float32 float64 |
| numeric(p, s), p <= 38 | decimal128(38, s) |
| any other numeric | utf8 |
| text varchar bpchar, name "char" unknown, json jsonb | utf8 |
| oid | int64 |
| bytea uuid | binary (a uuid: its 16 bytes) |
| date | date32 (days since 1970) |
| time | time64[us] |
| timestamp, timestamptz | timestamp[us], timestamp[us, UTC] (since 1970) |
| interval | month_day_nano_interval |

Infinities of date and timestamps become DuckDB's: the greatest integer, and its negative (the smallest but one), so
that they compare and print as infinities there. Errors (the caller goes on row by row, or reports them): a numeric NaN
or infinity in a decimal128 column 0A000, a timestamp after 294247-01-09 or an interval of more than 292 years of hours
22008.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import DATETIME_FIELD_OVERFLOW, FEATURE_NOT_SUPPORTED, DatabaseError
from actors.sql.types.base import BITS, ORDERED_BYTES
from actors.sql.types.column_type import ColumnType

EPOCH_DAYS = 10957
"""2000-01-01 in days since 1970-01-01; datums count from the former."""
EPOCH_US = EPOCH_DAYS * 86_400_000_000
DECIMAL_DIGITS_MAX = 38

_INT32_MAX, _INT32_MIN = 2**31 - 1, -(2**31)
_INT64_MAX, _INT64_MIN = 2**63 - 1, -(2**63)

_FIXED: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "text": pa.utf8(),
    "varchar": pa.utf8(),
    "bpchar": pa.utf8(),
    "name": pa.utf8(),
    "char": pa.utf8(),
    "unknown": pa.utf8(),
    "regproc": pa.utf8(),
    "json": pa.utf8(),
    "jsonb": pa.utf8(),
    "oid": pa.int64(),
    "bytea": pa.binary(),
    **dict.fromkeys(sorted(ORDERED_BYTES), pa.binary()),
    **dict.fromkeys(sorted(BITS), pa.utf8()),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "interval": pa.month_day_nano_interval(),
}


def arrow_type(type: ColumnType) -> pa.DataType:
    """KeyError for a type that is not in the table above."""
    if type.name == "numeric":
        scale = _decimal_scale(type)
        return pa.utf8() if scale is None else pa.decimal128(DECIMAL_DIGITS_MAX, scale)
    return _FIXED[type.name]


def has_arrow_type(type: ColumnType) -> bool:
    """Whether the table above has it."""
    return type.name == "numeric" or type.name in _FIXED


_ORDERED = frozenset(
    {
        *("bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "uuid", "bytea"),
        *("date", "time", "timestamp", "timestamptz"),
    }
)


def is_ordered_by_arrow(type: ColumnType) -> bool:
    """Arrow orders such columns as PostgreSQL does, but for the places of NULLs and NaN."""
    return type.name in _ORDERED or (type.name == "numeric" and _decimal_scale(type) is not None)


def to_arrow(datums: Sequence[Any], type: ColumnType) -> pa.Array:
    """One column. Raises 0A000 or 22008 for a value that its Arrow type cannot hold."""
    convert = _TO_ARROW.get(type.name)
    if convert is not None:
        return convert(datums, type)
    if type.name not in _FIXED:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"values of type {type.name} are not supported here")
    return pa.array(datums, _FIXED[type.name])


def from_integers(integers: pa.Array, type: ColumnType) -> pa.Array:
    """As `to_arrow` of the datums in an int64 array, for types whose datums are integers. Raises pa.ArrowInvalid for
    one that its type cannot hold, and 22008."""
    name = type.name
    if name == "date":
        return _shift(integers.cast(pa.int32()), EPOCH_DAYS, _INT32_MIN, _INT32_MAX, name).view(pa.date32())
    if name in ("timestamp", "timestamptz"):
        return _shift(integers, EPOCH_US, _INT64_MIN, _INT64_MAX, "timestamp").view(_FIXED[name])
    return integers.view(_FIXED[name]) if name == "time" else integers.cast(_FIXED[name])


def from_arrow(array: pa.Array | pa.ChunkedArray, type: ColumnType) -> list[Any]:
    """The datums of a column, which may be of any Arrow type that casts to `type`'s without loss (large_utf8,
    dictionaries, wider integers)."""
    expected = arrow_type(type)
    if type.name == "numeric":
        return [None if text is None else Decimal(text) for text in _texts(array)]
    if array.type != expected:
        array = array.cast(expected)
    convert = _FROM_ARROW.get(type.name)
    return array.to_pylist() if convert is None else convert(array)


def _texts(array: pa.Array) -> list[Any]:
    return array.to_pylist() if pa.types.is_string(array.type) else array.cast(pa.utf8()).to_pylist()  # type: ignore[no-any-return]


def _decimal_scale(type: ColumnType) -> int | None:
    """The scale of a numeric that fits decimal128, else None."""
    if type.modifier < 0:
        return None
    precision, scale = ((type.modifier - 4) >> 16) & 0xFFFF, (type.modifier - 4) & 0x7FF
    if scale >= 1024:
        scale -= 2048
    return scale if precision <= DECIMAL_DIGITS_MAX and 0 <= scale <= precision else None


def _numeric_to_arrow(datums: Sequence[Any], type: ColumnType) -> pa.Array:
    scale = _decimal_scale(type)
    if scale is None:
        return pa.array([None if datum is None else format(datum, "f") for datum in datums], pa.utf8())
    try:
        return pa.array(datums, pa.decimal128(DECIMAL_DIGITS_MAX, scale))
    except (pa.ArrowException, ValueError, TypeError):
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, "a numeric NaN or infinity cannot be handled in a column of this type"
        ) from None


def _date_to_arrow(datums: Sequence[Any], type: ColumnType) -> pa.Array:
    return _shift(pa.array(datums, pa.int32()), EPOCH_DAYS, _INT32_MIN, _INT32_MAX, "date").view(pa.date32())


def _date_from_arrow(array: pa.Array) -> list[int | None]:
    return _shift_back(_integers(array, pa.int32()), EPOCH_DAYS, _INT32_MIN, _INT32_MAX)


def _time_to_arrow(datums: Sequence[Any], type: ColumnType) -> pa.Array:
    return pa.array(datums, pa.int64()).view(pa.time64("us"))


def _time_from_arrow(array: pa.Array) -> list[int | None]:
    return _integers(array, pa.int64()).to_pylist()  # type: ignore[no-any-return]


def _timestamp_to_arrow(datums: Sequence[Any], type: ColumnType) -> pa.Array:
    return _shift(pa.array(datums, pa.int64()), EPOCH_US, _INT64_MIN, _INT64_MAX, "timestamp").view(_FIXED[type.name])


def _timestamp_from_arrow(array: pa.Array) -> list[int | None]:
    return _shift_back(_integers(array, pa.int64()), EPOCH_US, _INT64_MIN, _INT64_MAX)


def _integers(array: pa.Array | pa.ChunkedArray, type: pa.DataType) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        if isinstance(array, pa.ChunkedArray):
            array = pa.concat_arrays(array.chunks)
    return array.view(type)


def _shift(integers: pa.Array, epoch: int, minus_infinity: int, infinity: int, what: str) -> pa.Array:
    """From days or microseconds since 2000 to since 1970; the infinities to DuckDB's."""
    bounds = pc.min_max(integers).as_py()
    if bounds["max"] is None or (bounds["min"] > minus_infinity and bounds["max"] <= infinity - epoch):
        return pc.add(integers, pa.scalar(epoch, integers.type))
    shifted: list[int | None] = []
    for integer in integers.to_pylist():
        if integer is None or integer == infinity:
            shifted.append(integer)
        elif integer == minus_infinity:
            shifted.append(-infinity)
        elif integer + epoch >= infinity:
            raise DatabaseError(DATETIME_FIELD_OVERFLOW, f"{what} out of range")
        else:
            shifted.append(integer + epoch)
    return pa.array(shifted, integers.type)


def _shift_back(integers: pa.Array, epoch: int, minus_infinity: int, infinity: int) -> list[int | None]:
    bounds = pc.min_max(integers).as_py()
    if bounds["max"] is None or (bounds["min"] >= minus_infinity + epoch and bounds["max"] < infinity):
        return pc.subtract(integers, pa.scalar(epoch, integers.type)).to_pylist()  # type: ignore[no-any-return]
    back: list[int | None] = []
    for integer in integers.to_pylist():
        if integer is None or integer == infinity:
            back.append(integer)
        elif integer <= -infinity:
            back.append(minus_infinity)
        elif integer - epoch <= minus_infinity:
            raise DatabaseError(DATETIME_FIELD_OVERFLOW, "date or timestamp out of range")
        else:
            back.append(integer - epoch)
    return back


def _interval_to_arrow(datums: Sequence[Any], type: ColumnType) -> pa.Array:
    triples = [None if datum is None else (datum[0], datum[1], datum[2] * 1000) for datum in datums]
    try:
        return pa.array(triples, pa.month_day_nano_interval())
    except (pa.ArrowException, OverflowError, ValueError):
        raise DatabaseError(DATETIME_FIELD_OVERFLOW, "interval out of range") from None


def _interval_from_arrow(array: pa.Array) -> list[tuple[int, int, int] | None]:
    return [
        None if value is None else (value.months, value.days, value.nanoseconds // 1000) for value in array.to_pylist()
    ]


_TO_ARROW: dict[str, Callable[[Sequence[Any], ColumnType], pa.Array]] = {
    "numeric": _numeric_to_arrow,
    "date": _date_to_arrow,
    "time": _time_to_arrow,
    "timestamp": _timestamp_to_arrow,
    "timestamptz": _timestamp_to_arrow,
    "interval": _interval_to_arrow,
}
_FROM_ARROW: dict[str, Callable[[Any], list[Any]]] = {
    "date": _date_from_arrow,
    "time": _time_from_arrow,
    "timestamp": _timestamp_from_arrow,
    "timestamptz": _timestamp_from_arrow,
    "interval": _interval_from_arrow,
}
