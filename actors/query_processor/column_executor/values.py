"""Values on their way into and out of DuckDB: type names, literals, and Arrow columns.

| PostgreSQL | in DuckDB |
| --- | --- |
| numeric(p, s), p <= 38 | DECIMAL(p, s) |
| numeric without precision | DECIMAL(38, s), s the greatest scale among the values at hand |
| uuid, bytea | BLOB (byte order is uuid's order) |
| timestamptz | TIMESTAMP, in UTC |
| text, varchar, bpchar, and all that is only shown | VARCHAR |
| arrays | VARCHAR, PostgreSQL's text (arrays.py) |

A numeric that came out of a division carries the scale DIVISION_SCALE in DuckDB, and is cut to the scale that PostgreSQL would give it when it leaves
(select_div_scale in numeric.c: at least 16 significant digits).

Left out: numeric NaN and infinities, and values beyond 38 digits: 0A000 and 22003.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import FEATURE_NOT_SUPPORTED, NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.query_processor.column_executor.arrays import array_reader, text_of_array
from actors.sql.encoding.arrow_types import arrow_type, from_arrow
from actors.sql.types.arrays import Array, is_array
from actors.sql.types.column_type import ColumnType

DIVISION_SCALE = 20
DECIMAL_DIGITS_MAX = 38
POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""
MIN_SIGNIFICANT_DIGITS = 16
INTEGER_DIGITS = {"int2": 5, "int4": 10, "int8": 19, "oid": 10}
"""Decimals no wider than needed: where DuckDB brings two decimals together, a width above 38 would cost digits after the point."""
BIG_SUM_DIGITS = 28
RECURSIVE_SCALE = 18
"""Of numerics in WITH RECURSIVE, whose scale grows from round to round; zeros at their end are not shown."""
TEXT_TYPES = frozenset({"text", "varchar", "bpchar", "name", "unknown"})
DUCK_TYPES = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "oid": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "bytea": "BLOB",
    "uuid": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP",
    "interval": "INTERVAL",
}

PLAIN_COLUMNS = {"bytea": pa.binary(), "uuid": pa.binary(), "oid": pa.int64(), "bool": pa.bool_()}
"""Types whose Arrow values are the datums."""


def numeric_scale(type_: ColumnType) -> tuple[int, int] | None:
    """(precision, scale) of a numeric with a type modifier, else None."""
    if type_.name != "numeric" or type_.modifier < 4:
        return None
    return (type_.modifier - 4) >> 16, (type_.modifier - 4) & 0x7FF


def duck_type(type_: ColumnType) -> str:
    """DuckDB's name of the type that carries `type_`."""
    if type_.name == "numeric":
        bounds = numeric_scale(type_)
        if bounds is None or bounds[0] > DECIMAL_DIGITS_MAX:
            return "DECIMAL(38, 10)"
        return f"DECIMAL({bounds[0]}, {bounds[1]})"
    return DUCK_TYPES.get(type_.name, "VARCHAR")


def literal(value: Any, type_: ColumnType) -> str:
    """A datum as DuckDB SQL."""
    name = type_.name
    if value is not None and is_array(name):
        return "'" + text_of_array(value, type_).replace("'", "''") + "'"
    if value is None:
        return f"CAST(NULL AS {'DECIMAL(1, 0)' if name == 'numeric' else duck_type(type_)})"
    if name == "bool":
        return "TRUE" if value else "FALSE"
    if name in ("int2", "int4", "int8", "oid"):
        return f"CAST({value} AS {DUCK_TYPES[name]})"
    if name in ("float4", "float8"):
        return f"CAST('{value!r}' AS {DUCK_TYPES[name]})"
    if name == "numeric":
        return _numeric_literal(value)
    if name in ("bytea", "uuid"):
        return f"unhex('{value.hex()}')"
    if name == "date":
        if abs(value) >= 2**31 - 1:
            return f"CAST('{'' if value > 0 else '-'}infinity' AS DATE)"
        return f"(DATE '2000-01-01' + CAST({value} AS INTEGER))"
    if name == "time":
        return f"(TIME '00:00:00' + to_microseconds({value}))" if value < 86_400_000_000 else "TIME '24:00:00'"
    if name in ("timestamp", "timestamptz"):
        if abs(value) >= 2**63 - 1:
            return f"CAST('{'' if value > 0 else '-'}infinity' AS TIMESTAMP)"
        return f"make_timestamp(CAST({value + POSTGRES_EPOCH_US} AS BIGINT))"
    if name == "interval":
        months, days, microseconds = value
        return f"(to_months({months}) + to_days({days}) + to_microseconds({microseconds}))"
    return "'" + str(value).replace("'", "''") + "'"


def in_list(array: Array, element: ColumnType) -> str:
    """What follows IN. DuckDB plans a literal in a time that grows with their number; many integers are one literal."""
    if element.name in ("int2", "int4", "int8"):
        shown = ",".join(["NULL" if item is None else str(item) for item in array.items])
        return f"(SELECT unnest(CAST('[{shown}]' AS {DUCK_TYPES[element.name]}[])))"
    return f"({', '.join([literal(item, element) for item in array.items])})"


def _numeric_literal(value: Decimal) -> str:
    if not value.is_finite():
        raise DatabaseError(FEATURE_NOT_SUPPORTED, "numeric NaN and infinity are not supported in this query")
    scale = max(0, -int(value.as_tuple().exponent))
    digits = len(value.as_tuple().digits)
    if max(digits, scale) > DECIMAL_DIGITS_MAX:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "numeric with more than 38 digits is not supported in this query")
    return f"CAST('{value:f}' AS DECIMAL({max(digits, scale, 1)}, {scale}))"


# -- Arrow -> DuckDB -----------------------------------------------------------------------------------------------------------


def to_duck(column: pa.Array | pa.ChunkedArray, type_: ColumnType) -> pa.Array | pa.ChunkedArray:
    """A column as storage gives it, as DuckDB is to see it."""
    if type_.name == "timestamptz":
        return column.cast(pa.timestamp("us"))
    if type_.name == "numeric" and pa.types.is_string(column.type):
        return _decimals(column)
    if pa.types.is_decimal(column.type):
        bounds = numeric_scale(type_)
        return column if bounds is None else _narrowed(column, *bounds)
    if type_.name == "oid":
        return column.cast(pa.int64())
    if type_.name == "uuid" and pa.types.is_fixed_size_binary(column.type):
        return column.cast(pa.binary())
    return column


def _narrowed(column: pa.Array | pa.ChunkedArray, precision: int, scale: int) -> pa.Array | pa.ChunkedArray:
    """Decimals of 38 digits as such of the declared precision: where DuckDB brings decimals together, digits that
    no value has would cost digits after the point. The values are not looked at: storage has them within their type."""
    if isinstance(column, pa.ChunkedArray):
        chunks = [_narrowed(chunk, precision, scale) for chunk in column.chunks]
        return pa.chunked_array(chunks, pa.decimal128(precision, scale))
    return pa.Array.from_buffers(pa.decimal128(precision, scale), len(column), column.buffers(), column.null_count, column.offset)


def _decimals(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Numerics in text form as decimals of the greatest scale among them."""
    point = pc.find_substring(column, ".")
    none, zero, one = (pa.scalar(number, pa.int32()) for number in (-1, 0, 1))
    scales = pc.if_else(pc.equal(point, none), zero, pc.subtract(pc.subtract(pc.utf8_length(column), point), one))
    scale = pc.max(scales).as_py() or 0
    whole = pc.max(pc.if_else(pc.equal(point, none), pc.utf8_length(column), point)).as_py() or 1
    digits = max(1, min(whole + scale, DECIMAL_DIGITS_MAX))
    try:
        return column.cast(pa.decimal128(digits, min(scale, digits)))
    except pa.ArrowInvalid:
        raise DatabaseError(
            FEATURE_NOT_SUPPORTED, "numeric values beyond 38 digits, NaN and infinity are not supported in this query"
        ) from None


# -- DuckDB -> datums ----------------------------------------------------------------------------------------------------------


def from_duck(column: pa.ChunkedArray, type_: ColumnType) -> list[Any]:
    """A result column as datums."""
    name = type_.name
    if name == "numeric":
        return _from_decimals(column, type_)
    if is_array(name):
        read = array_reader(type_)
        return [read(text) for text in column.cast(pa.string()).to_pylist()]
    if name in TEXT_TYPES or name not in DUCK_TYPES:
        return list(column.cast(pa.string()).to_pylist())
    if name in PLAIN_COLUMNS:
        return list(column.cast(PLAIN_COLUMNS[name]).to_pylist())
    target = arrow_type(type_)
    if column.type != target:
        column = column.cast(target)
    return from_arrow(column, type_)


def _from_decimals(column: pa.ChunkedArray, type_: ColumnType) -> list[Any]:
    if pa.types.is_string(column.type):
        return [None if value is None else Decimal(value) for value in column.to_pylist()]
    if pa.types.is_floating(column.type):
        return [None if value is None else Decimal(repr(value)) for value in column.to_pylist()]
    values = column.to_pylist()
    if pa.types.is_decimal(column.type) and column.type.scale == RECURSIVE_SCALE and numeric_scale(type_) is None:
        return [None if value is None else without_zeros(value) for value in values]
    if pa.types.is_decimal(column.type) and column.type.scale == DIVISION_SCALE and numeric_scale(type_) is None:
        return [None if value is None else quotient_scale(value) for value in values]
    return [value if value is None or isinstance(value, Decimal) else Decimal(value) for value in values]


def shown_numeric(value: Decimal, type_: ColumnType) -> Decimal:
    """A numeric out of DuckDB, a quotient with the scale that PostgreSQL would give it."""
    if -int(value.as_tuple().exponent) == RECURSIVE_SCALE and numeric_scale(type_) is None:
        return without_zeros(value)
    is_quotient = -int(value.as_tuple().exponent) == DIVISION_SCALE and numeric_scale(type_) is None
    return quotient_scale(value) if is_quotient else value


def without_zeros(value: Decimal) -> Decimal:
    """Without zeros at the end of its digits after the point."""
    short = value.normalize()
    return short if int(short.as_tuple().exponent) <= 0 else short.quantize(Decimal(1))


def quotient_scale(value: Decimal) -> Decimal:
    """A quotient with the number of digits that PostgreSQL would show: 16 significant ones, in groups of four (base 10000)."""
    if value == 0:
        return value.quantize(Decimal(1).scaleb(-DIVISION_SCALE)) if value.as_tuple().exponent == 0 else value
    weight = value.adjusted() // 4
    scale = max(0, MIN_SIGNIFICANT_DIGITS - 4 * weight)
    return value.quantize(Decimal(1).scaleb(-min(scale, DIVISION_SCALE)))
