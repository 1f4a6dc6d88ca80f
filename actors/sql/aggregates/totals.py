"""sum, avg, min and max.

Sums of integers are exact and a size wider (sum(int4) is int8, sum(int8) numeric); numerics keep the longest scale;
averages of integers and numerics are quotients as PostgreSQL rounds them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from actors.common.errors import NUMERIC_VALUE_OUT_OF_RANGE, DatabaseError
from actors.sql.aggregates.registry import Overload, Resolve, bare, register
from actors.sql.expressions.comparisons import order_key
from actors.sql.expressions.datetime_functions import add_intervals, divide_interval
from actors.sql.expressions.numerics import divide
from actors.sql.types.column_type import ColumnType
from actors.sql.types.floats import to_single
from actors.sql.types.numeric import CONTEXT, NAN, plain

INT8, NUMERIC, FLOAT8, TEXT = ColumnType("int8"), ColumnType("numeric"), ColumnType("float8"), ColumnType("text")
INTERVAL = ColumnType("interval")
INTEGERS = frozenset({"int2", "int4", "int8"})
FLOATS = frozenset({"float4", "float8"})
UNORDERED = frozenset({"bool", "uuid", "bit", "varbit", "macaddr", "macaddr8", "json", "jsonb", "record", "unknown"})
"""Types without min and max."""
_SHOWN = {"varchar": TEXT, "name": TEXT, "cidr": ColumnType("inet")}
"""The result of min and max of types that have none of their own."""
_INT8_MIN, _INT8_MAX = -(2**63), 2**63 - 1


def sum_of(values: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = NAN if total.is_infinite() and value.is_infinite() and total != value else CONTEXT.add(total, value)
    return plain(total)


def average_of(values: Sequence[Decimal]) -> Decimal:
    return divide(sum_of(values), Decimal(len(values)))


def bigint_sum(values: Sequence[int]) -> int:
    """Raises 22003."""
    total = sum(values)
    if not _INT8_MIN <= total <= _INT8_MAX:
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range")
    return total


def float_sum(values: Sequence[float]) -> float:
    """Raises 22003."""
    total = sum(values)
    if math.isinf(total) and not any(map(math.isinf, values)):
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
    return total


def _single_sum(values: Sequence[float]) -> float:
    total = to_single(float_sum(values))
    if math.isinf(total) and not any(map(math.isinf, values)):
        raise DatabaseError(NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow")
    return total


def _interval_sum(values: Sequence[Any]) -> Any:
    total: Any = (0, 0, 0)
    for value in values:
        total = add_intervals(total, value)
    return total


def _interval_average(values: Sequence[Any]) -> Any:
    return divide_interval(_interval_sum(values), float(len(values)))


def _sum(types: Sequence[ColumnType]) -> Overload | None:
    if len(types) != 1:
        return None
    name = types[0].name
    if name in ("int2", "int4"):
        return Overload("sum", (types[0],), INT8, bigint_sum)
    if name == "int8":
        return Overload("sum", (types[0],), NUMERIC, lambda values: Decimal(sum(values)))
    if name == "numeric":
        return Overload("sum", (types[0],), NUMERIC, sum_of)
    if name in FLOATS:
        return Overload("sum", (types[0],), bare(types[0]), float_sum if name == "float8" else _single_sum)
    return Overload("sum", (INTERVAL,), INTERVAL, _interval_sum) if name in ("interval", "time") else None


def _avg(types: Sequence[ColumnType]) -> Overload | None:
    if len(types) != 1:
        return None
    name = types[0].name
    if name in INTEGERS:
        return Overload("avg", (types[0],), NUMERIC, lambda values: divide(Decimal(sum(values)), Decimal(len(values))))
    if name == "numeric":
        return Overload("avg", (types[0],), NUMERIC, average_of)
    if name in FLOATS:
        return Overload("avg", (types[0],), FLOAT8, lambda values: float_sum(values) / len(values))
    if name in ("interval", "time"):
        return Overload("avg", (INTERVAL,), INTERVAL, _interval_average)
    return None


def _extreme(name: str, pick: Callable[..., Any]) -> Resolve:
    def resolve(types: Sequence[ColumnType]) -> Overload | None:
        if len(types) != 1 or types[0].name in UNORDERED:
            return None
        [type_] = types
        key = order_key(type_.name)
        if key is not None and type_.name != "bpchar":
            # Of equal values PostgreSQL keeps the last (1.0 and 1.00, 1 mon and 30 days).
            over = lambda values: pick(reversed(values), key=key)  # noqa: E731
        else:
            over = lambda values: pick(values, key=key)  # noqa: E731
        result = type_ if type_.name == "bpchar" else _SHOWN.get(type_.name) or bare(type_)
        return Overload(name, (type_,), result, over)

    return resolve


register("sum", _sum)
register("avg", _avg)
register("min", _extreme("min", min))
register("max", _extreme("max", max))
