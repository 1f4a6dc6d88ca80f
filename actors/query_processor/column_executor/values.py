"""Values on their way into and out of DuckDB: type names, literals, and Arrow columns.

| PostgreSQL | in DuckDB |
| --- | --- |
| numeric whose scale is known | DECIMAL (numerics.py) |
| any other numeric | VARCHAR, PostgreSQL's text |
| uuid, bytea, timetz, inet, cidr, macaddr, macaddr8 | BLOB (byte order is their order) |
| timestamptz | TIMESTAMP, in UTC |
| text, varchar, bpchar, bit, varbit, json, jsonb, and all that is only shown | VARCHAR |
| arrays | VARCHAR, PostgreSQL's text (arrays.py) |
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa

from actors.query_processor.column_executor.arrays import array_reader, text_of_array
from actors.query_processor.column_executor.numerics import bound_literal, decimal_literal, precision_and_fixed_scale
from actors.sql.encoding.arrow_types import arrow_type, from_arrow, to_arrow
from actors.sql.types.arrays import Array, is_array
from actors.sql.types.base import ORDERED_BYTES
from actors.sql.types.column_type import ColumnType
from actors.sql.types.numeric import format_numeric
from actors.sql.types.objects import OBJECTS, object_oid

POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""
INTEGER_DIGITS = {"int2": 5, "int4": 10, "int8": 19, "oid": 10}
"""Decimals no wider than needed: where DuckDB brings two decimals together, a width above 38 would cost digits after
the point."""
BIG_SUM_DIGITS = 28
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
    **dict.fromkeys(sorted(ORDERED_BYTES), "BLOB"),
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP",
    "interval": "INTERVAL",
    "regclass": "BIGINT",
    "regtype": "BIGINT",
}

PLAIN_COLUMNS = {
    **dict.fromkeys(sorted(ORDERED_BYTES | {"bytea"}), pa.binary()),
    "oid": pa.int64(),
    "bool": pa.bool_(),
}
"""Types whose Arrow values are the datums."""


def duck_type(type_: ColumnType) -> str:
    """DuckDB's name of the type that carries `type_`."""
    if type_.name == "numeric":
        bounds = precision_and_fixed_scale(type_)
        return "VARCHAR" if bounds is None else f"DECIMAL({bounds[0]}, {bounds[1]})"
    return DUCK_TYPES.get(type_.name, "VARCHAR")


def literal(value: Any, type_: ColumnType) -> str:
    """A datum as DuckDB SQL."""
    name = type_.name
    if value is not None and is_array(name):
        return "'" + text_of_array(value, type_).replace("'", "''") + "'"
    if value is None:
        return f"CAST(NULL AS {duck_type(type_)})"
    if name == "bool":
        return "TRUE" if value else "FALSE"
    if name in ("int2", "int4", "int8", "oid"):
        return f"CAST({value} AS {DUCK_TYPES[name]})"
    if name in OBJECTS:
        return f"CAST({object_oid(value, name)} AS BIGINT)"
    if name in ("float4", "float8"):
        return f"CAST('{value!r}' AS {DUCK_TYPES[name]})"
    if name == "numeric":
        bounds = precision_and_fixed_scale(type_)
        return f"'{format_numeric(value)}'" if bounds is None else decimal_literal(value, bounds[1])
    if name == "bytea" or name in ORDERED_BYTES:
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
    bounds = precision_and_fixed_scale(element)
    if bounds is not None:
        shown_items = ["NULL" if item is None else bound_literal(item, bounds[1], "=") for item in array.items]
        return f"({', '.join(shown_items)})"
    return f"({', '.join([literal(item, element) for item in array.items])})"


# -- Arrow -> DuckDB ---------------------------------------------------------------------------------------------------


def to_duck(column: pa.Array | pa.ChunkedArray, type_: ColumnType) -> pa.Array | pa.ChunkedArray:
    """A column as storage gives it, as DuckDB is to see it."""
    if type_.name == "timestamptz":
        return column.cast(pa.timestamp("us"))
    if pa.types.is_decimal(column.type):
        bounds = precision_and_fixed_scale(type_)
        return column if bounds is None else _narrowed(column, *bounds)
    if type_.name == "oid" or type_.name in OBJECTS:
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
    return pa.Array.from_buffers(
        pa.decimal128(precision, scale), len(column), column.buffers(), column.null_count, column.offset
    )


# -- DuckDB -> datums --------------------------------------------------------------------------------------------------


def from_duck(column: pa.ChunkedArray, type_: ColumnType) -> list[Any]:
    """A result column as datums."""
    name = type_.name
    if name == "numeric":
        texts = column if pa.types.is_string(column.type) else column.cast(pa.string())
        return [None if text is None else Decimal(text) for text in texts.to_pylist()]
    if is_array(name):
        read = array_reader(type_)
        return [read(text) for text in column.cast(pa.string()).to_pylist()]
    if name in TEXT_TYPES or name in OBJECTS or name not in DUCK_TYPES:
        return list(column.cast(pa.string()).to_pylist())
    if name in PLAIN_COLUMNS:
        return list(column.cast(PLAIN_COLUMNS[name]).to_pylist())
    target = arrow_type(type_)
    if column.type != target:
        column = column.cast(target)
    return from_arrow(column, type_)


_CAST = TEXT_TYPES | (DUCK_TYPES.keys() - OBJECTS) - {"time", "interval", "uuid"}
"""Types whose columns Arrow casts to storage's."""


def stored_column(column: pa.Array, type_: ColumnType) -> pa.Array:
    """A result column as storage has it: as `to_arrow` of its datums. Raises what `to_arrow` raises."""
    if type_.name == "numeric":
        if pa.types.is_decimal(arrow_type(type_)) and pa.types.is_decimal(column.type):
            return column.cast(arrow_type(type_))
        datums = from_duck(column, type_)
        if pa.types.is_decimal(arrow_type(type_)):
            return to_arrow(datums, type_)
        return pa.array([None if datum is None else str(datum) for datum in datums], pa.utf8())
    if type_.name in _CAST:
        return column if column.type == arrow_type(type_) else column.cast(arrow_type(type_))
    return to_arrow(from_duck(column, type_), type_)
