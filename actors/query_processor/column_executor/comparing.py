"""What DuckDB compares instead of values that it cannot compare as PostgreSQL does: keys, made by functions of ours.

    equality_key(emitter, sql, type_)     equal just where the values are:  GROUP BY, DISTINCT, UNION, IN, =
    order_key(emitter, sql, type_)        ordered as the values are:        ORDER BY, <, min and max
    sign_udf()                            -1, 0 or 1, of two numerics:      <, <=, >, >= of two columns

The first two give `sql` itself where DuckDB's comparison is PostgreSQL's. Others are: free numerics (text, of which 1.0
and 1.00 are equal), arrays, char without a length (blanks at the end do not count), jsonb. A json has neither (42883).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from actors.common.errors import UNDEFINED_FUNCTION, DatabaseError
from actors.query_processor.column_executor.numerics import NUMERIC, is_free
from actors.sql.encoding.keys import KeyCodec
from actors.sql.expressions.comparisons import UNCOMPARED, unordered
from actors.sql.types import format_type
from actors.sql.types.arrays import Array, element_of, is_array
from actors.sql.types.column_type import ColumnType

if TYPE_CHECKING:
    from actors.query_processor.column_executor.emit import Emitter
    from actors.query_processor.column_executor.udf import Udf

SEVERAL_TEXTS = frozenset({"_numeric", "_float4", "_float8", "_interval", "_bpchar", "jsonb", "_jsonb"})
"""Types and arrays of types of which two values may be equal and look different (1.0 and 1.00, 0 and -0, 1 mon and 30
days)."""


def has_key(type_: ColumnType) -> bool:
    """Whether equal values of the type may look different to DuckDB, or none are compared."""
    return (
        is_free(type_)
        or type_.name in SEVERAL_TEXTS
        or type_.name in UNCOMPARED
        or (type_.name == "bpchar" and type_.modifier < 0)
    )


def equality_key(emitter: Emitter, sql: str, type_: ColumnType) -> str:
    if type_.name in UNCOMPARED:
        raise DatabaseError(
            UNDEFINED_FUNCTION, f"could not identify an equality operator for type {format_type(type_)}"
        )
    return order_key(emitter, sql, type_) if has_key(type_) else sql


def order_key(emitter: Emitter, sql: str, type_: ColumnType) -> str:
    if type_.name in UNCOMPARED:
        raise unordered(type_)
    if type_.name == "bpchar":
        return f"rtrim({sql}, ' ')" if type_.modifier < 0 else sql
    if not is_free(type_) and not is_array(type_.name) and type_.name != "jsonb":
        return sql
    return emitter.use(key_udf(type_), [f"CAST({sql} AS VARCHAR)"])


def key_udf(type_: ColumnType) -> Udf:
    from actors.query_processor.column_executor.udf import Udf

    return Udf(
        f"eagleray_order_{type_.name}", ["VARCHAR"], "BLOB", ColumnType("bytea"), lambda surroundings: _maker(type_)
    )


_WIDE = pa.decimal256(76, 38)


def sign_udf() -> Udf:
    """How one numeric is to the other, of their texts. Arrow compares them, where none has more than 38 digits before
    or after the point: a key is a call for each value, which takes ten times as long."""
    from actors.query_processor.column_executor.udf import Udf

    key = key_of(NUMERIC)

    def one_by_one(one: str | None, other: str | None) -> int | None:
        if one is None or other is None:
            return None
        first, second = key(Decimal(one)), key(Decimal(other))
        assert first is not None and second is not None
        return (first > second) - (first < second)

    def signs(ones: Any, others: Any) -> pa.Array:
        try:
            first, second = ones.cast(_WIDE), others.cast(_WIDE)
        except pa.ArrowInvalid:
            pairs = zip(ones.to_pylist(), others.to_pylist(), strict=True)
            return pa.array([one_by_one(one, other) for one, other in pairs], pa.int8())
        return pc.subtract(pc.greater(first, second).cast(pa.int8()), pc.less(first, second).cast(pa.int8()))

    return Udf("eagleray_sign", ["VARCHAR", "VARCHAR"], "TINYINT", ColumnType("int2"), lambda surroundings: signs)


def key_of(type_: ColumnType) -> Callable[[Any], bytes | None]:
    """The key of a datum."""
    if not is_array(type_.name):
        encode_one = KeyCodec([type_ if type_.name == "jsonb" else NUMERIC]).encode
        return lambda datum: None if datum is None else encode_one([datum])
    encode = KeyCodec([ColumnType(element_of(type_.name))]).encode

    def key(array: Array | None) -> bytes | None:
        """By the elements, then by their number, then by dimensions and bounds."""
        if array is None:
            return None
        items = b"".join([b"\1" + encode([item]) for item in array.items])
        shape = (len(array.lengths), *array.lengths, *(lower + 2**31 for lower in array.lowers))
        return items + b"\0" + b"".join([number.to_bytes(4, "big") for number in shape])

    return key


def _maker(type_: ColumnType) -> Callable[..., pa.Array]:
    from actors.query_processor.column_executor.arrays import array_reader

    key = key_of(type_)

    def keys(texts: Any) -> pa.Array:
        if is_array(type_.name):
            read = array_reader(type_)
            return pa.array([key(read(text)) for text in texts.to_pylist()], pa.binary())
        datum = str if type_.name == "jsonb" else Decimal
        return pa.array([None if text is None else key(datum(text)) for text in texts.to_pylist()], pa.binary())

    return keys
