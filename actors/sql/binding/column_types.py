"""A column's declared type: the parser's TypeName -> ColumnType, with PostgreSQL's type modifiers and errors."""

from __future__ import annotations

from typing import Any

from actors.common.errors import FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE, UNDEFINED_OBJECT, DatabaseError
from actors.sql.binding.scope import located
from actors.sql.types import format_type
from actors.sql.types.arrays import is_array
from actors.sql.types.base import BITS
from actors.sql.types.bits import BITS_MAX
from actors.sql.types.column_type import ColumnType

HEADER = 4
"""PostgreSQL counts a value's length word into the modifiers of the types that have one."""
CHARACTERS_MAX = 10_485_760
NUMERIC_PRECISION_MAX = 1000
FRACTION_DIGITS_MAX = 6
INTERVAL_FULL_RANGE = 0x7FFF
INTERVAL_FULL_PRECISION = 0xFFFF

_PLAIN = frozenset(
    ["bool", "int2", "int4", "int8", "float4", "float8", "text", "bytea", "uuid", "date", "json", "jsonb"]
) | frozenset({"inet", "cidr", "macaddr", "macaddr8"})
_FRACTIONAL = frozenset({"time", "timetz", "timestamp", "timestamptz"})
OPEN_ONLY = frozenset({"inet", "cidr", "macaddr", "macaddr8", "bit", "varbit"})
"""Types that DSQL has in expressions at most: no column is of them there."""
_POSTGRES_ONLY = frozenset(
    [
        "xml",
        "money",
        "point",
        "line",
        "lseg",
        "box",
        "path",
        "polygon",
        "circle",
        "tsvector",
        "tsquery",
        "name",
        "oid",
        "regclass",
        "regtype",
        "regproc",
        "int4range",
        "int8range",
        "numrange",
        "tsrange",
        "tstzrange",
        "daterange",
        "char",
        "record",
    ]
)


def column_type(node: Any) -> ColumnType:
    """Raises 42704 for an unknown type, 0A000 for one that only PostgreSQL has, 22023 for a bad modifier."""
    with located(node):
        return _column_type(node)


def _column_type(node: Any) -> ColumnType:
    names = [name.sval for name in node.names]
    name = names[-1]
    if node.arrayBounds:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {name}[] not supported")
    if len(names) > 2 or (len(names) == 2 and names[0] != "pg_catalog"):
        raise _missing(".".join(names))
    modifiers = [_integer(modifier, name) for modifier in node.typmods or ()]
    if name in _PLAIN:
        if modifiers:
            raise DatabaseError("42601", f'type modifier is not allowed for type "{name}"')
        return ColumnType(name)
    if name in ("varchar", "bpchar"):
        return ColumnType(name, _characters(name, modifiers))
    if name in BITS:
        return ColumnType(name, _bits(name, modifiers))
    if name == "numeric":
        return ColumnType(name, _numeric(modifiers))
    if name in _FRACTIONAL:
        return ColumnType(name, _fraction(name, modifiers[0]) if modifiers else -1)
    if name == "interval":
        return ColumnType(name, _interval(modifiers))
    if name in _POSTGRES_ONLY:
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {name} not supported")
    raise _missing(name)


def require_storable(type_: ColumnType) -> None:
    """Of a type that a query gives. Raises 0A000 for one that no column is of."""
    if is_array(type_.name):
        raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {format_type(type_)} not supported")
    if type_.name in _PLAIN | _FRACTIONAL | BITS or type_.name in ("varchar", "bpchar", "numeric", "interval"):
        return
    raise DatabaseError(FEATURE_NOT_SUPPORTED, f"datatype {type_.name} not supported")


def _missing(name: str) -> DatabaseError:
    return DatabaseError(UNDEFINED_OBJECT, f'type "{name}" does not exist')


def _integer(modifier: Any, name: str) -> int:
    value = getattr(getattr(modifier, "val", None), "ival", None)
    if value is None:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"type modifiers of {name} must be simple constants")
    return int(value)


def _characters(name: str, modifiers: list[int]) -> int:
    if not modifiers:
        return -1
    shown = "varchar" if name == "varchar" else "char"
    if len(modifiers) != 1:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "invalid type modifier")
    if modifiers[0] < 1:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"length for type {shown} must be at least 1")
    if modifiers[0] > CHARACTERS_MAX:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"length for type {shown} cannot exceed {CHARACTERS_MAX}")
    return modifiers[0] + HEADER


def _bits(name: str, modifiers: list[int]) -> int:
    if not modifiers:
        return -1
    if len(modifiers) != 1:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "invalid type modifier")
    if modifiers[0] < 1:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"length for type {name} must be at least 1")
    if modifiers[0] > BITS_MAX:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"length for type {name} cannot exceed {BITS_MAX}")
    return modifiers[0]


def _numeric(modifiers: list[int]) -> int:
    if not modifiers:
        return -1
    precision, scale = modifiers[0], modifiers[1] if len(modifiers) > 1 else 0
    if len(modifiers) > 2:
        raise DatabaseError(INVALID_PARAMETER_VALUE, "invalid NUMERIC type modifier")
    if not 1 <= precision <= NUMERIC_PRECISION_MAX:
        raise DatabaseError(
            INVALID_PARAMETER_VALUE, f"NUMERIC precision {precision} must be between 1 and {NUMERIC_PRECISION_MAX}"
        )
    if not -1000 <= scale <= 1000:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"NUMERIC scale {scale} must be between -1000 and 1000")
    return ((precision << 16) | (scale & 0x7FF)) + HEADER


def _interval(modifiers: list[int]) -> int:
    """Fields and digits, as sql/types/intervals.py reads them."""
    if not modifiers or modifiers == [INTERVAL_FULL_RANGE]:
        return -1
    digits = _fraction("interval", modifiers[1]) if len(modifiers) == 2 else INTERVAL_FULL_PRECISION
    return modifiers[0] << 16 | digits


def _fraction(name: str, digits: int) -> int:
    if digits < 0:
        raise DatabaseError(INVALID_PARAMETER_VALUE, f"{name.upper()}({digits}) precision must not be negative")
    return min(digits, FRACTION_DIGITS_MAX)
