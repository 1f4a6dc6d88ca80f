"""Comparison operators. Floats and numerics order NaN above everything and equal to itself; an interval compares by its
length."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from actors.common.errors import UNDEFINED_FUNCTION, DatabaseError
from actors.sql.expressions.registry import HELPERS, register
from actors.sql.types import format_type
from actors.sql.types.arrays import element_of, is_array
from actors.sql.types.base import BITS, ORDERED_BYTES
from actors.sql.types.calendar import DAY_US
from actors.sql.types.column_type import ColumnType
from actors.sql.types.json_values import order_key as json_key

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_PYTHON = {"=": "==", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
INTEGERS = ("int2", "int4", "int8")
FLOATS = ("float4", "float8")
DIRECT = (
    *("bool", "text", "bytea", "date", "time", "timestamp", "timestamptz", "oid", "name", "char"),
    *sorted((ORDERED_BYTES | BITS) - {"cidr"}),
)
"""Types whose datums Python orders as SQL does (str by code point, as UTF-8 bytes do)."""

UNCOMPARED = frozenset({"json", "_json"})
"""Types without equality and order."""

_NAN_AWARE = {
    "=": "({0} == {1} or ({0} != {0} and {1} != {1}))",
    "<>": "({0} != {1} and ({0} == {0} or {1} == {1}))",
    "<": "({0} < {1} or ({1} != {1} and {0} == {0}))",
    "<=": "({0} <= {1} or {1} != {1})",
    ">": "({0} > {1} or ({0} != {0} and {1} == {1}))",
    ">=": "({0} >= {1} or {0} != {0})",
}


def numeric_compare(one: Decimal, other: Decimal) -> int:
    """-1, 0 or 1."""
    try:
        return (one > other) - (one < other)
    except InvalidOperation:
        return one.is_nan() - other.is_nan()


def interval_span(value: tuple[int, int, int]) -> int:
    return (value[0] * 30 + value[1]) * DAY_US + value[2]


def unordered(type_: ColumnType) -> DatabaseError:
    shown = f"could not identify an ordering operator for type {format_type(ColumnType(type_.name))}"
    return DatabaseError(UNDEFINED_FUNCTION, shown, hint="Use an explicit ordering operator or modify the query.")


def order_key(type_name: str) -> Callable[[Any], Any] | None:
    """A key function under which Python orders datums of the type as SQL does (no NULLs), None where they do by
    themselves."""
    if type_name in FLOATS:
        return lambda value: (value != value, value if value == value else 0.0)
    if type_name == "numeric":
        return lambda value: (value.is_nan(), value if not value.is_nan() else 0)
    if type_name == "interval":
        return interval_span
    if type_name == "jsonb":
        return json_key
    if type_name == "bpchar":
        return lambda value: value.rstrip(" ")
    if is_array(type_name):
        from actors.sql.expressions.array_functions import array_order_key

        return array_order_key(element_of(type_name))
    return None


HELPERS["numeric_compare"] = numeric_compare
HELPERS["interval_span"] = interval_span

for _name in COMPARISONS:
    _operator = _PYTHON[_name]
    for _left in INTEGERS:
        for _right in INTEGERS:
            register(_name, f"{_left} {_right}", "bool", template=f"({{0}} {_operator} {{1}})")
    for _type in DIRECT:
        register(_name, f"{_type} {_type}", "bool", template=f"({{0}} {_operator} {{1}})")
    for _left in FLOATS:
        for _right in FLOATS:
            register(_name, f"{_left} {_right}", "bool", template=_NAN_AWARE[_name])
    if _name in ("=", "<>"):
        register(_name, "numeric numeric", "bool", template=_NAN_AWARE[_name])
    else:
        register(_name, "numeric numeric", "bool", template=f"(numeric_compare({{0}}, {{1}}) {_operator} 0)")
    register(_name, "bpchar bpchar", "bool", template=f"({{0}}.rstrip(' ') {_operator} {{1}}.rstrip(' '))")
    register(_name, "interval interval", "bool", template=f"(interval_span({{0}}) {_operator} interval_span({{1}}))")
